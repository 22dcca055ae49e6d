using Csmr.Storage.Tests.Disks;
using Xunit.Sdk;

namespace Csmr.Storage.Tests;

/// <summary>
/// The power goes off in every single call to the disk of many random workloads. What is recovered is a prefix of what
/// each group wrote and holds everything that was acknowledged or recovered before.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Appends = 30;

    [Fact]
    public void PowerLoss_InAnyCallOfAnyLife_KeepsAPrefixWithAllThatWasAcknowledged()
    {
        var (points, acknowledged) = (0, 0);
        for (var seed = 0; seed < 24; seed++)
        {
            var operationCount = CountOperations(seed);
            for (var point = 1; point <= operationCount; point++)
            {
                acknowledged += CrashAt(seed, point, isLying: false);
                points++;
            }
        }

        output.WriteLine($"{points} crash points, {acknowledged} acknowledged records");
        Assert.True(points >= 2000);
    }

    [Fact]
    public void FailedSync_ThenRestartThenPowerLoss_KeepsWhatTheRestartRecovered()
    {
        var failures = 0;
        for (var seed = 0; seed < 60; seed++)
        {
            for (var failAt = 1; failAt <= 25; failAt += 2)
            {
                var disk = new SimulatedDisk(seed) { FailSyncAt = failAt };
                var workload = new Workload(disk, seed);
                failures += workload.Live(Appends) ? 0 : 1;
                disk.KillProcess();
                workload.Live(seed % 3);
                disk.LosePower();
                Assert.True(workload.Live(5));
                Assert.True(workload.Live(0));
            }
        }

        output.WriteLine($"{failures} lives ended by a failed flush");
        Assert.True(failures > 500);
    }

    [Fact]
    public void FailedWrite_ThenRestart_KeepsAPrefix()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            for (var failAt = 1; failAt <= 60; failAt += 3)
            {
                var disk = new SimulatedDisk(seed) { FailWriteAt = failAt };
                var workload = new Workload(disk, seed);
                workload.Live(Appends);
                End(disk, seed);
                Assert.True(workload.Live(5));
                Assert.True(workload.Live(0));
            }
        }
    }

    [Fact]
    public void KilledProcess_AtAnyCall_LosesNothingAcknowledged()
    {
        for (var seed = 100; seed < 105; seed++)
        {
            var operationCount = CountOperations(seed);
            for (var point = 1; point <= operationCount; point++)
            {
                var disk = new SimulatedDisk(seed) { PowerLossAt = point };
                var workload = new Workload(disk, seed);
                workload.Live(Appends);
                disk.KillProcess();
                Assert.True(workload.Live(3));
                disk.LosePower();
                Assert.True(workload.Live(0));
            }
        }
    }

    /// <summary>
    /// A name that was not flushed when the process ended is there at the next start, and must not go away with what is acknowledged then.
    /// </summary>
    [Fact]
    public void KilledProcess_WhileANameIsMadeDurable_ThenPowerLoss_LosesNothingAcknowledgedSince()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            for (var point = 1; point <= 20; point++)
            {
                // So large that the next segment, whose making flushes the directory, is not prepared soon.
                var disk = new SimulatedDisk(seed) { PowerLossAt = point };
                var workload = new Workload(disk, seed, Journals.Small with { SegmentBytes = 64 * 1024 });
                workload.Live(0);
                disk.KillProcess();
                Assert.True(workload.Live(2));
                disk.LosePower();
                Assert.True(workload.Live(0));
            }
        }
    }

    /// <summary>The test of the test: a disk that does not flush must be found out.</summary>
    [Fact]
    public void PowerLoss_OnADiskThatOnlySaysItFlushed_IsFoundOut()
    {
        var foundOut = 0;
        for (var seed = 0; seed < 10; seed++)
        {
            try
            {
                CrashAt(seed, CountOperations(seed), isLying: true);
            }
            catch (Exception exception) when (exception is XunitException or JournalCorruptException or DataDirectoryException)
            {
                foundOut++;
            }
        }

        Assert.True(foundOut >= 9, $"found out {foundOut} of 10 times");
    }

    private static int CountOperations(int seed)
    {
        var disk = new SimulatedDisk(seed);
        Assert.True(new Workload(disk, seed).Live(Appends));
        return disk.OperationCount;
    }

    // Two lives end in a crash, the second early (in the recovery, often); then one in order, and one that reads.
    private static int CrashAt(int seed, int point, bool isLying)
    {
        var disk = new SimulatedDisk((seed * 100_003) + point) { PowerLossAt = point, IsLying = isLying };
        var workload = new Workload(disk, seed);
        workload.Live(Appends);
        disk.LosePower();
        disk.PowerLossAt = disk.OperationCount + 1 + (point % 13);
        workload.Live(5);
        disk.LosePower();
        Assert.True(workload.Live(5));
        Assert.True(workload.Live(0));
        return workload.AcknowledgedCount;
    }

    private static void End(SimulatedDisk disk, int seed)
    {
        if (seed % 2 == 0)
        {
            disk.KillProcess();
        }
        else
        {
            disk.LosePower();
        }
    }
}
