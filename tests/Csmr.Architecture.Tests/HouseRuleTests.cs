using System.Text.RegularExpressions;

namespace Csmr.Architecture.Tests;

/// <summary>Sizes, names and habits that hold in every room.</summary>
public sealed partial class HouseRuleTests
{
    private const int FileLinesMax = 400;

    // Path relative to the root, and why one long file is easier to read than several.
    private static readonly Dictionary<string, string> LongFiles = new(StringComparer.Ordinal);

    public static TheoryData<string> Rooms => [.. Repository.Projects("src")];

    [Fact]
    public void Sources_OfSrc_AreAtMost400LinesLong() =>
        Offenders.None(Repository.Sources("src")
            .Where(file => !LongFiles.ContainsKey(file))
            .Select(file => (file, lines: File.ReadLines(Path.Combine(Repository.Root, file)).Count()))
            .Where(entry => entry.lines > FileLinesMax)
            .Select(entry => $"{entry.file}: {entry.lines} lines"));

    [Fact]
    public void LongFiles_EveryException_StillExists() =>
        Offenders.None(LongFiles.Keys.Where(file => !File.Exists(Path.Combine(Repository.Root, file))));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void TypeNames_OfARoom_DoNotEndInAWordThatSaysNothing(string room) =>
        Offenders.None(Repository.DeclaredTypes(room).Where(name => EmptyWord().IsMatch(name)));

    /// <summary>A test waits for something, never for a while. A pause that is not synchronisation says why: <c>// pause: ...</c></summary>
    [Fact]
    public void Tests_DoNotSleep() =>
        Offenders.None(Repository.Sources("tests").SelectMany(file => File
            .ReadLines(Path.Combine(Repository.Root, file))
            .Select((text, index) => (text, place: $"{file}:{index + 1}"))
            .Where(line => Sleep().IsMatch(line.text) && !Reason().IsMatch(line.text))
            .Select(line => line.place)));

    [GeneratedRegex(@"(?:Manager|Helpers?|Util|Utils|Utility|Utilities|Base|Data|Info)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EmptyWord();

    [GeneratedRegex(@"\b(?:Thread\s*\.\s*Sleep|Task\s*\.\s*Delay)\s*\(", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Sleep();

    [GeneratedRegex(@"//\s*pause:\s*\S", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reason();
}
