using System.Diagnostics;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests;

public sealed class DeterminismTests(ITestOutputHelper output)
{
    private const string Mark = "hash of 40 timed runs and 400 walks: ";

    [Fact]
    public void Seeds_RunTwice_HaveTheSameTraces() => Assert.Equal(HashOfMany(), HashOfMany());

    /// <summary>Prints its hash, so that another process can be asked for it by running this test.</summary>
    [Fact]
    public void Hash_OfManySeeds_IsPrinted() => output.WriteLine($"{Mark}{HashOfMany():x16}");

    [Fact]
    public async Task Seeds_InAnotherProcess_HaveTheSameTraces()
    {
        using var other = Process.Start(new ProcessStartInfo("dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            ArgumentList =
            {
                typeof(DeterminismTests).Assembly.Location, "--filter-method", "*" + nameof(Hash_OfManySeeds_IsPrinted), "--output", "Detailed", "--no-ansi",
                "--progress", "off",
            },
        })!;
        var printed = await other.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await other.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Contains($"{Mark}{HashOfMany():x16}", printed, StringComparison.Ordinal);
    }

    private static ulong HashOfMany()
    {
        var hash = 0UL;
        for (var seed = 1UL; seed <= 40; seed++)
        {
            hash = Digests.Add(hash, TimedRuns.Run(seed, new Probes()).Trace);
        }

        var walk = new ClocklessWalk(new Probes());
        for (var seed = 1UL; seed <= 400; seed++)
        {
            hash = Digests.Add(hash, walk.Run(seed).Trace);
        }

        return hash;
    }
}
