using System.Text.RegularExpressions;
using Csmr.Composition.Compiling;
using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Services;

namespace Csmr.Unit.Tests.Composition;

/// <summary>Manifests that are wrong, each with its findings in its first lines: <c># CSMR1003 at 16:34</c>.</summary>
public sealed partial class BadManifestTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Csmr.Unit.Tests", "Composition", "Bad");

    public static TheoryData<string> Manifests =>
        [.. Directory.EnumerateFiles(Folder, "*.yaml").Select(static file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Compile_BadManifest_HasExactlyTheFindingsItSays(string name)
    {
        var file = $"{name}.yaml";
        var result = Compile(file);

        Assert.Equal(Expected(file), result.Findings.Select(finding => TextOf(finding, file)));
        Assert.Equal(result.Findings.Any(static finding => finding.Severity == Severity.Error), result.Plan is null);
        Assert.All(result.Findings, static finding => Assert.DoesNotContain('\n', finding.ToString()));
    }

    [Fact]
    public void Corpus_EveryCode_IsShown()
    {
        var shown = Directory.EnumerateFiles(Folder, "*.yaml").SelectMany(static file => Expected(Path.GetFileName(file))).Select(static line => line[..8]);

        // Shown by tests of their own: the size of a text.
        Assert.Equal(FindingCodes.All.Select(static code => code.Id).Except(["CSMR0002"]), shown.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Compile_MisspeltOperation_ReadsLikeACompiler()
    {
        var finding = Assert.Single(Compile("operation_misspelt.yaml").Findings);

        Assert.Equal(
            "operation_misspelt.yaml:16:34 error CSMR1003: machine 'lock' has no operation 'chek'; did you mean 'check'? "
            + "it has acquire, check, query, release, renew",
            finding.ToString());
    }

    [Fact]
    public void Compile_TooLargeText_IsRefusedUnread()
    {
        var result = Repository.CompileText(new string('#', (1 << 20) + 1));

        Assert.Equal(["CSMR0002"], result.Findings.Select(static finding => finding.Code.Id));
    }

    [Fact]
    public void Compile_NoFile_SaysSo()
    {
        var result = ManifestCompiler.Compile(new ManifestSource("gone.yaml", static _ => null), ShippedMachines.Catalog);

        Assert.Equal(["gone.yaml:1:1 error CSMR0001: the file 'gone.yaml' cannot be read"], result.Findings.Select(static finding => finding.ToString()));
    }

    internal static CompilationResult Compile(string file) => ManifestCompiler.Compile(
        new ManifestSource(file, static path => Path.Combine(Folder, path) is var full && File.Exists(full) ? File.ReadAllText(full) : null),
        ShippedMachines.Catalog);

    internal static IReadOnlyList<string> Expected(string file) =>
    [
        .. File.ReadLines(Path.Combine(Folder, file))
            .TakeWhile(static line => ExpectedFinding().IsMatch(line))
            .Select(static line => line[2..]),
    ];

    private static string TextOf(Finding finding, string file)
    {
        var place = finding.Position.ToString();
        return $"{finding.Code.Id} at {(finding.Position.File == file ? place[(file.Length + 1)..] : place)}";
    }

    [GeneratedRegex("^# CSMR[0-9]{4} at ", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ExpectedFinding();
}
