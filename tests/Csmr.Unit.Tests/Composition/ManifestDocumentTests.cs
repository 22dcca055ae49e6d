using System.Text.RegularExpressions;
using Csmr.Composition.Findings;

namespace Csmr.Unit.Tests.Composition;

/// <summary><c>docs/manifest.md</c> explains every finding and is made of manifests that hold.</summary>
public sealed partial class ManifestDocumentTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "manifest.md"));

    [Fact]
    public void Table_OfFindings_IsThatOfTheCode() =>
        Assert.Equal(
            FindingCodes.All.Select(static code => (code.Id, code.Severity.ToString().ToLowerInvariant(), code.Title)),
            Row().Matches(Text).Select(static row => (row.Groups["id"].Value, row.Groups["severity"].Value, row.Groups["title"].Value)));

    [Fact]
    public void Codes_AreInOrderAndGivenOnce() =>
        Assert.Equal(FindingCodes.All.Select(static code => code.Id).Distinct().Order(StringComparer.Ordinal), FindingCodes.All.Select(static code => code.Id));

    [Theory]
    [InlineData("audited-store", "audited-store")]
    [InlineData("guarded-config", "guarded-config")]
    [InlineData("sharded-store", "sharded")]
    [InlineData("payments", "payments")]
    [InlineData("jobs", "jobs")]
    [InlineData("leader", "leader")]
    public void PageOfAUseCase_ShowsItsManifestAsItIs(string page, string manifest)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "use-cases", $"{page}.md"));
        var shown = Block().Matches(text).Select(static block => block.Groups["text"].Value.Trim());

        Assert.Contains(File.ReadAllText(Path.Combine(Repository.Samples, $"{manifest}.yaml")).Trim(), shown);
    }

    [Fact]
    public void Example_OfAWholeManifest_IsGood()
    {
        var example = Block().Matches(Text).Select(static block => block.Groups["text"].Value)
            .Single(static text => text.Contains("expose: [store]", StringComparison.Ordinal));

        Assert.Empty(Repository.CompileText(example).Findings);
    }

    [GeneratedRegex(@"^\| (?<id>CSMR[0-9]{4}) \| (?<severity>\w+) \| (?<title>[^|]+) \| [^|]+ \|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();

    [GeneratedRegex("```yaml\n(?<text>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Block();
}
