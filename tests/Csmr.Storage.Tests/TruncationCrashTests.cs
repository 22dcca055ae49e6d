using Csmr.Storage.Tests.Disks;

namespace Csmr.Storage.Tests;

/// <summary>
/// The power goes off, or the process ends, in every single call to the disk of many histories with snapshots, receptions and
/// deleted segments. What is recovered is what the rule of truncation makes of a prefix that holds everything acknowledged, and every base
/// has its snapshot (S1, S3).
/// </summary>
public sealed class TruncationCrashTests(ITestOutputHelper output)
{
    private const int Steps = 34;

    [Fact]
    public void Crash_InAnyCallOfAnyLife_RecoversTheModelWithASnapshotForEveryBase()
    {
        var (points, deleted, resumed) = CrashEverywhere(firstSeed: 10, seedCount: 50);
        Assert.True(points >= 10_000, $"{points} points");
        Assert.True(deleted > points / 2 && resumed > points / 2, $"{deleted} histories deleted segments, {resumed} receptions were resumed");
    }

    /// <summary>Few enough to be run with every mutant.</summary>
    [Fact]
    public void Crash_InAnyCallOfFewLives_RecoversTheModelWithASnapshotForEveryBase() => CrashEverywhere(firstSeed: 0, seedCount: 10);

    private (int Points, int Deleted, int Resumed) CrashEverywhere(int firstSeed, int seedCount)
    {
        var (points, deleted, resumed, received, saved, acknowledged) = (0, 0, 0, 0, 0, 0);
        for (var seed = firstSeed; seed < firstSeed + seedCount; seed++)
        {
            var operationCount = CountOperations(seed);
            for (var point = 1; point <= operationCount; point++)
            {
                var counts = CrashAt(seed, point);
                points++;
                deleted += counts.Deleted > 0 ? 1 : 0;
                resumed += counts.Resumed;
                (received, saved, acknowledged) = (received + counts.Received, saved + counts.Saved, acknowledged + counts.Acknowledged);
            }
        }

        output.WriteLine($"{points} crash points, each followed by a second one: {acknowledged} records acknowledged, {saved} snapshots saved, {received} received, {resumed} receptions resumed, segments deleted in {deleted} histories");
        return (points, deleted, resumed);
    }

    [Fact]
    public void FailedSync_ThenRestartThenPowerLoss_KeepsWhatTheRestartRecovered()
    {
        var failures = 0;
        for (var seed = 0; seed < 40; seed++)
        {
            for (var failAt = 1; failAt <= 61; failAt += 3)
            {
                var disk = new SimulatedDisk(seed) { FailSyncAt = failAt, FailDirectorySyncAt = seed % 4 == 0 ? failAt / 2 : int.MaxValue };
                var workload = new TruncationWorkload(disk, seed);
                failures += workload.Live(Steps) ? 0 : 1;
                disk.KillProcess();
                workload.Live(seed % 3);
                disk.LosePower();
                Assert.True(workload.Live(5));
                Assert.True(workload.Live(0));
            }
        }

        output.WriteLine($"{failures} lives ended by a failed flush of the journal; in the others a snapshot failed");
        Assert.InRange(failures, 100, 750);
    }

    [Fact]
    public void FailedWrite_ThenRestart_KeepsTheModel()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            for (var failAt = 1; failAt <= 150; failAt += 7)
            {
                var disk = new SimulatedDisk(seed) { FailWriteAt = failAt };
                var workload = new TruncationWorkload(disk, seed);
                workload.Live(Steps);
                End(disk, seed);
                Assert.True(workload.Live(5));
                Assert.True(workload.Live(0));
            }
        }
    }

    private static int CountOperations(int seed)
    {
        var disk = new SimulatedDisk(seed);
        Assert.True(new TruncationWorkload(disk, seed).Live(Steps));
        return disk.OperationCount;
    }

    // Two lives end in a crash, the second early (in the recovery, often); then one in order, and one that reads.
    private static (int Acknowledged, int Saved, int Received, int Resumed, int Deleted) CrashAt(int seed, int point)
    {
        var disk = new SimulatedDisk((seed * 100_003) + point) { PowerLossAt = point };
        var workload = new TruncationWorkload(disk, seed);
        workload.Live(Steps);
        End(disk, point);
        disk.PowerLossAt = disk.OperationCount + 1 + (point % 37);
        workload.Live(10);
        disk.LosePower();
        Assert.True(workload.Live(6));
        Assert.True(workload.Live(0));
        return workload.Counts;
    }

    private static void End(SimulatedDisk disk, int number)
    {
        if (number % 4 == 0)
        {
            disk.KillProcess();
        }
        else
        {
            disk.LosePower();
        }
    }
}
