using Csmr.Chaos.Faults;
using Csmr.Chaos.Processes;
using Csmr.Chaos.Runs;

namespace Csmr.EndToEnd.Tests;

/// <summary>Real processes whose network, disks and clocks fail under load, judged as every run is. More kinds, and more of each: the command.</summary>
public sealed class SurroundingsTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(201, "cut-out-of-leader,slow-lossy-network")]
    [InlineData(202, "disk-full,disk-broken,clock-leader-ahead")]
    public async Task Cluster_InBadSurroundings_KeepsItsPromises(int seed, string kinds)
    {
        var faults = kinds.Split(',');
        var whyNot = PostgresServer.WhyNot ?? faults.Select(static name => FaultCatalog.Make(name)!.WhyNot).FirstOrDefault(static reason => reason is not null);
        Assert.SkipWhen(whyNot is not null, whyNot ?? "");
        var report = await ChaosRun.RunAsync(
            new RunOptions
            {
                Duration = TimeSpan.FromHours(1),
                IsScripted = true,
                Seed = seed,
                Faults = faults,
                Log = output.WriteLine,
                Load = ChaosTests.Light,
            },
            TestContext.Current.CancellationToken);
        output.WriteLine(report.ToString());
        Assert.True(report.IsGood, report.ToString());
        Assert.Equal(faults, report.Faults.Select(static fault => fault.Name));
    }

    [Fact]
    public async Task ReadOnlyDataDirectory_IsRefusedAtTheStart_WithWhatToDo()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting needs root");
        using var directory = new TemporaryDirectory();
        await Tool.RunAsync("mount", "-t", "tmpfs", "-o", "ro,size=1m", "csmr", directory.Path);
        try
        {
            await using var server = ServerProcess.Start(null, "--data", directory.Path, "--urls", $"http://127.0.0.1:{FreePorts.Next()}");
            Assert.Equal(2, await server.WaitForExitAsync(TimeSpan.FromMinutes(2)));
            Assert.Contains(directory.Path, server.Output, StringComparison.Ordinal);
            Assert.Contains("the file system is read-only; mount it writable", server.Output, StringComparison.Ordinal);
        }
        finally
        {
            await Tool.RunAsync("umount", directory.Path);
        }
    }
}
