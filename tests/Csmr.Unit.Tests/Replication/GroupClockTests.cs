using Csmr.Replication.Paxos;

namespace Csmr.Unit.Tests.Replication;

/// <summary>The group's time goes on evenly, whatever wall clocks do and whoever leads.</summary>
public sealed class GroupClockTests
{
    private const long HourMs = 3_600_000;

    [Fact]
    public void WallClockOfTheLeaderJumps_TheGroupsTimeDoesNot()
    {
        var group = WithLeader();
        var before = StampOfNext(group);

        group.WallOffsetMs[group.Leader] = HourMs;
        group.Tick(100);
        Assert.InRange(StampOfNext(group) - before, 100 * NodeGroup.TickMs, 103 * NodeGroup.TickMs);

        group.WallOffsetMs[group.Leader] = -HourMs;
        var ahead = StampOfNext(group);
        group.Tick(100);
        Assert.InRange(StampOfNext(group) - ahead, 97 * NodeGroup.TickMs, 101 * NodeGroup.TickMs);
    }

    [Fact]
    public void LeaderIsReplacedByOneWithAWrongClock_TheGroupsTimeGoesOn()
    {
        var group = WithLeader();
        var old = group.Leader;
        var before = StampOfNext(group);
        var ticks = group.Ticks;
        Array.Fill(group.WallOffsetMs, HourMs);
        group.Crash(old);
        AwaitLeader(group, leader => leader != old);
        AssertNotAhead(StampOfNext(group) - before, group.Ticks - ticks);
    }

    [Fact]
    public void RestartedReplicaWithAWrongClockLeads_ItAsksItsQuorumForTheTime()
    {
        var group = WithLeader();
        var old = group.Leader;
        var before = StampOfNext(group);
        var ticks = group.Ticks;

        // Restarted, it has heard of no leader; it stands at once, and a follower that has heard of one promises.
        group.Crash(old);
        group.WallOffsetMs[old] = 24 * HourMs;
        group.Start(old);
        AwaitLeader(group, leader => leader == old);
        AssertNotAhead(StampOfNext(group) - before, group.Ticks - ticks);
    }

    [Fact]
    public void ProcessStoodStill_ThatTimeIsCountedOnce()
    {
        var group = WithLeader();
        var (old, follower) = (group.Leader, (group.Leader + 1) % 3);
        var before = StampOfNext(group);
        var ticks = group.Ticks;

        // It hears the leader's newest word before it reads its own clocks again.
        group.StandsStill[follower] = true;
        group.Tick(5000);
        group.StandsStill[follower] = false;
        group.Crash(old);
        AwaitLeader(group, leader => leader != old);
        AssertNotAhead(StampOfNext(group) - before, group.Ticks - ticks);
    }

    private static void AssertNotAhead(long passedMs, int ticks) =>
        Assert.InRange(passedMs, ticks * NodeGroup.TickMs / 2, (ticks + 1) * NodeGroup.TickMs * 65 / 64);

    /// <summary>The time at which the leader stamps its next entry.</summary>
    private static long StampOfNext(NodeGroup group)
    {
        var stamps = group.StampsMs[group.Leader];
        var count = stamps.Count;
        group.Propose(group.Leader, "what time is it?");
        group.Settle();
        Assert.Equal(count + 1, stamps.Count);
        return stamps[^1];
    }

    private static NodeGroup WithLeader()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        return group;
    }

    private static void AwaitLeader(NodeGroup group, Func<int, bool> isWanted) => group.TickUntil(
        () => group.Leader is var leader && leader >= 0 && isWanted(leader) && group.Nodes[leader].Status.IsServing, "the wanted leader serves");
}
