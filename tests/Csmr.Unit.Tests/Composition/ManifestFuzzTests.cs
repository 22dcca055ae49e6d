using CsCheck;
using Csmr.Composition.Findings;

namespace Csmr.Unit.Tests.Composition;

/// <summary>No text makes the compiler throw; each gives a plan or an error.</summary>
public sealed class ManifestFuzzTests
{
    private static readonly string[] Good =
        [.. Directory.EnumerateFiles(Repository.Samples, "*.yaml").Order(StringComparer.Ordinal).Select(File.ReadAllText)];

    private static readonly string[] Words =
    [
        "{", "}", "[", "]", ":", ": ", ",", "- ", "\n", "  ", "\"", "'", "$", "$in.key", "$put", "null", "~", "true", "-1", "5", "1e999", "kv", "log",
        "store", "in", "steps", "when", "with", "not", "all", "equals", "partition", "extend", "add", "remove", "ranges", "&a", "*a", "!t", "|", ">", "?",
        "---", "...", "\t", "#", "\u0000", "\ufeff", "\ud800", "😀", "<<", "%YAML 1.2", "\r", "\u2028", "@", "`", "\\", "\"\\u12\"",
    ];

    [Fact]
    public void Compile_MutatedGoodManifest_NeverThrows() =>
        Gen.Select(Gen.Int[0, Good.Length - 1], Gen.Select(Gen.Int[0, 10000], Gen.Int[0, 40], Gen.Int[0, Words.Length - 1]).Array[1, 4])
            .Sample(
                static (sample, edits) =>
                {
                    var text = Good[sample];
                    foreach (var (at, length, word) in edits)
                    {
                        var start = at % (text.Length + 1);
                        text = string.Concat(text.AsSpan(0, start), Words[word], text.AsSpan(Math.Min(text.Length, start + length)));
                    }

                    Check(text);
                },
                iter: 1500);

    [Fact]
    public void Compile_GoodManifestWithLinesMixed_NeverThrows() =>
        Gen.Select(Gen.Int[0, Good.Length - 1], Gen.Select(Gen.Int[0, 200], Gen.Int[0, 200]).Array[1, 3]).Sample(
            static (sample, swaps) =>
            {
                var lines = Good[sample].Split('\n');
                foreach (var (left, right) in swaps)
                {
                    var (one, other) = (left % lines.Length, right % lines.Length);
                    (lines[one], lines[other]) = (lines[other], lines[one]);
                }

                Check(string.Join('\n', lines));
            },
            iter: 500);

    [Fact]
    public void Compile_RandomText_NeverThrows() =>
        Gen.OneOf(
                Gen.Int[0, Words.Length - 1].Array[0, 40].Select(static words => string.Concat(words.Select(static word => Words[word]))),
                Gen.String)
            .Sample(static text => Check(text), iter: 3000);

    private static void Check(string text)
    {
        var result = Repository.CompileText(text);
        Assert.Equal(result.Plan is null, result.Findings.Any(static finding => finding.Severity == Severity.Error));
        Assert.Equal(result.Findings.OrderBy(static finding => finding.Position), result.Findings);
    }
}
