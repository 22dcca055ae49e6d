namespace Csmr.Storage.Tests.Mutants;

/// <summary>The test of the test: every defect planted into the journal must fail each test that its file names.</summary>
public sealed class MutantTests(StorageMutants storage, ITestOutputHelper output) : IClassFixture<StorageMutants>
{
    public static TheoryData<string> Names => [.. StorageMutants.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Mutant_OfTheJournal_IsCaught(string name)
    {
        var mutant = StorageMutants.Read(name);
        using var context = storage.Load(mutant);
        foreach (var means in mutant.Catches)
        {
            var what = context.Call(typeof(StorageHunt), nameof(StorageHunt.Run), means.Means);
            Assert.True(what is not null, $"{name} was not caught by {means.Means}");
            output.WriteLine($"{means.Means}: {what}");
        }

        storage.Table.Add(name, mutant.Description, string.Join("; ", mutant.Catches.Select(means => means.Means)));
    }

    /// <summary>The control: compiled in the same way without a mutant, the journal passes every test that catches one.</summary>
    [Fact]
    public void Journal_CompiledWithoutAMutant_PassesTheTests()
    {
        using var context = storage.Load(mutant: null);
        var tests = StorageMutants.Names.SelectMany(name => StorageMutants.Read(name).Catches).Select(means => means.Means).Distinct();
        Assert.All(tests, test => Assert.Null(context.Call(typeof(StorageHunt), nameof(StorageHunt.Run), test)));
    }
}
