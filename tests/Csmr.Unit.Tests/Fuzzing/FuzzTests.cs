using Csmr.TestKit.Fuzzing;
using Csmr.Unit.Tests.Composition;

namespace Csmr.Unit.Tests.Fuzzing;

/// <summary>Bad inputs, many of them (docs/simulation.md): ordinarily some seconds, with <c>CSMR_FUZZ_INPUTS</c> as many as one likes.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, FuzzTarget> Targets =
        new[] { ManifestTarget.Target, JsonTarget.Target, WireTarget.Target, SnapshotTarget.Target }.ToDictionary(static target => target.Name, StringComparer.Ordinal);

    private static readonly string Regressions = Path.Combine(Repository.Root, "tests", "Csmr.Unit.Tests", "Fuzzing", "Regressions");

    public static TheoryData<string> Names => [.. Targets.Keys];

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Regressions).Select(static file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Target_BadInputs_AreRefusedByName(string name)
    {
        var closing = Targets[name].Run();
        output.WriteLine(closing);
        Assert.DoesNotContain(", 0 refused", closing, StringComparison.Ordinal);
        Assert.DoesNotContain(", 0 accepted", closing, StringComparison.Ordinal);
    }

    /// <summary>What broke something once: the name of the target, a dash, what it is.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Regression_DoesNotComeBack(string file) => Targets[file.Split('-')[0]].Check(File.ReadAllBytes(Path.Combine(Regressions, file)));
}
