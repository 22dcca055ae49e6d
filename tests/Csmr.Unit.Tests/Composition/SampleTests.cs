namespace Csmr.Unit.Tests.Composition;

public sealed class SampleTests
{
    public static TheoryData<string> Samples =>
        [.. Directory.EnumerateFiles(Repository.Samples, "*.yaml", SearchOption.AllDirectories)
            .Select(static file => Path.GetRelativePath(Repository.Samples, file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Compile_Sample_HasNoFindings(string sample)
    {
        var result = Repository.Compile(Path.Combine(Repository.Samples, sample));

        Assert.Empty(result.Findings.Select(static finding => finding.ToString()));
        Assert.NotNull(result.Plan);
    }

    [Fact]
    public void Compile_AuditedStore_OffersExactlyWhatItSays()
    {
        var plan = Repository.Compile(Path.Combine(Repository.Samples, "audited-store.yaml")).Plan!;

        Assert.Equal(["acquire", "delete", "get", "put", "release", "retrieve"], plan.Operations.Select(static operation => operation.Name));
    }
}
