using System.Text;
using Csmr.Composition.Findings;
using Csmr.TestKit.Fuzzing;
using Csmr.Unit.Tests.Composition;

namespace Csmr.Unit.Tests.Fuzzing;

/// <summary>Manifests: every text gives a plan or errors, each with its place in the text.</summary>
internal static class ManifestTarget
{
    // A megabyte may nest and repeat as it likes: what is allowed beside the size is what an ordinary composition costs.
    private const long BytesBase = 32 << 20;

    private static readonly string[] Words =
    [
        "&a ", "*a", "<<: *a\n", "!t ", "key: 1\nkey: 2\n", "{", "}", "[", "]", ": ", ", ", "- ", "\n  ", "\"", "'", "$in.key", "$put.ok", "null", "true",
        "kv", "log", "lock", "store", "steps", "when", "with", "partition", "extend", "add", "remove", "ranges", "prefixes", "hash", "include: [a.yaml]\n",
        "|", ">", "? ", "---\n", "...\n", "\t", "#", "%YAML 1.2\n", "f: 99999999\n", "nodes: []\n", "version: -1\n", "buckets: 2147483647", "groups: 1000000",
        "assemblies: [x.dll]\n", "consistency: atomic", "settings: {valueBytesMax: 0}",
    ];

    public static FuzzTarget Target { get; } = new(
        "manifest",
        Share: 5,
        new InputMutator(
            [.. Directory.EnumerateFiles(Repository.Samples, "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)],
            Words).Next,
        Check,
        bytes => BytesBase + (4096L * bytes));

    public static bool Check(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        var result = Repository.CompileText(text);
        var hasErrors = result.Findings.Any(static finding => finding.Severity == Severity.Error);
        Assert.True(result.Plan is null == hasErrors, "there is a plan, or an error, and not both");
        var lines = text.AsSpan().Count('\n') + text.AsSpan().Count('\r') + 2;
        foreach (var finding in result.Findings)
        {
            Assert.True(finding.Position is { Line: >= 1, Column: >= 1 } && finding.Position.Line <= lines, $"no such place: {finding}");
            Assert.False(string.IsNullOrWhiteSpace(finding.Message));
        }

        return result.Plan is not null;
    }
}
