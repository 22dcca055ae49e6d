using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.Unit.Tests.Replication;

public sealed class PaxosNodeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void Propose_HealthyGroup_DeliveredEverywhereOnceInOrder(int size)
    {
        var group = new NodeGroup(size);
        group.ElectLeader();
        var tokens = Enumerable.Range(0, 50).Select(i => group.Propose(group.Leader, $"c{i}")).ToArray();
        group.Tick(10);

        Assert.All(group.Delivered, delivered => Assert.Equal(Enumerable.Range(0, 50).Select(static i => $"c{i}"), delivered));
        Assert.Equal(tokens, group.Answered.Select(static answer => answer.Token));
        Assert.Empty(group.GivenUp);
    }

    [Fact]
    public void Restart_FromASnapshotOlderThanWhatIsChosen_StillKnowsTheRestAsChosen()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var leader = group.Leader;
        for (var i = 0; i < 20; i++)
        {
            group.Propose(leader, $"{i}");
            group.Settle();
        }

        group.Nodes[leader].Compact(new Slot(5));
        group.Drain(leader);
        var chosen = group.Nodes[leader].Status.ChosenUpTo;
        var disk = group.Disk(leader).ToArray();
        var last = Array.FindLastIndex(disk, static record => record.Kind == JournalRecordKind.Base);

        // What a journal hands over: the base first, then of the older records the entries behind it.
        JournalRecord[] found = [disk[last], .. disk[..last].Where(static record => record.Kind == JournalRecordKind.Accepted && record.Slot > new Slot(5)), .. disk[(last + 1)..]];
        var restarted = new PaxosNode(group.Nodes[leader].Options, found);

        Assert.Equal(chosen, restarted.Status.ChosenUpTo);
    }

    [Fact]
    public void Formation_OneMemberMissing_NobodyVotes()
    {
        var group = new NodeGroup { IsDown = { [2] = true } };
        group.Tick(200);
        Assert.All(group.Nodes[..2], node => Assert.Equal(NodeRole.Forming, node.Status.Role));

        group.Start(2);
        group.ElectLeader();
    }

    /// <summary>A disk that voted and was emptied, met by a member that had not yet heard of the disk before.</summary>
    [Fact]
    public void Formation_DiskEmptiedBeforeAllWereFormed_NewDiskHelpsNobodyToLead()
    {
        var group = new NodeGroup { Loses = static (from, to, message) => to.Ordinal == 1 && (from.Ordinal == 2 || message is not Hello) };
        group.Tick(200);
        group.Crash(0);
        group.Wipe(2);
        group.Loses = static (_, _, _) => false;
        group.Start(2);
        group.Tick(400);
        Assert.True(group.Leader < 0, "r1 and the new disk of r2 make no quorum: r0 and the old disk of r2 may have been one");
    }

    [Fact]
    public void Restart_EmptiedDisk_IsOutcastAndNeverVotes()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var wiped = (group.Leader + 1) % 3;
        group.Wipe(wiped);
        group.Start(wiped);
        group.Sent.Clear();
        group.TickUntil(() => group.Nodes[wiped].Status.Role == NodeRole.Outcast, "the emptied replica is cast out");

        // With one more replica down there is no quorum left: the emptied one must not make up for it.
        group.Crash(3 - wiped - group.Leader);
        group.TickUntil(() => group.Leader < 0, "the leader steps down");
        var proposer = Array.FindIndex(group.IsDown, static down => !down);
        group.Propose(proposer, "lost");
        group.Tick(300);
        Assert.DoesNotContain(group.Delivered, static delivered => delivered.Contains("lost"));
    }

    [Fact]
    public void Leader_Lost_NextLeaderAdoptsWhatOneFollowerAccepted()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var old = group.Leader;
        var witness = (old + 1) % 3;

        // Only one follower gets the entry, and its vote gets lost: not known as chosen anywhere, yet it may have been.
        group.Loses = (_, to, message) => (message is Accept { Entries.Length: > 0 } && to.Ordinal != witness) || message is Accepted;
        group.Propose(old, "survivor");
        group.Settle();
        Assert.DoesNotContain(group.Delivered, static delivered => delivered.Contains("survivor"));

        group.Crash(old);
        group.Loses = static (_, _, _) => false;
        group.ElectLeader();
        Assert.NotEqual(old, group.Leader);
        group.Propose(group.Leader, "after");
        group.Tick(10);
        Assert.All([witness, 3 - old - witness], i => Assert.Equal(["survivor", "after"], group.Delivered[i]));

        group.Start(old);
        group.TickUntil(() => group.Delivered[old].Count == 2, "the old leader catches up");
        Assert.Equal(["survivor", "after"], group.Delivered[old]);
    }

    [Fact]
    public void Accepted_NotYetDurable_IsNotSaid()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var leader = group.Leader;
        Array.Fill(group.HoldsFlushes, true);
        var token = group.Propose(leader, "held");
        group.Settle();
        Assert.DoesNotContain(group.Answered, answer => answer.Token == token);

        // One of the followers and the leader: a quorum. The leader's own vote counts when it is durable, not before.
        group.Flush((leader + 1) % 3);
        group.Settle();
        Assert.DoesNotContain(group.Answered, answer => answer.Token == token);
        group.Flush(leader);
        group.Settle();
        Assert.Contains(group.Answered, answer => answer.Token == token);
    }

    [Fact]
    public void Accepted_BothFollowersDurable_ChosenBeforeTheLeadersOwnFlush()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        group.HoldsFlushes[group.Leader] = true;
        var token = group.Propose(group.Leader, "followers first");
        group.Settle();
        Assert.Contains(group.Answered, answer => answer.Token == token);
    }

    [Fact]
    public void Prepare_OwnPromiseNotDurable_IsNotSent_AndTheBallotIsNeverUsedTwice()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var old = group.Leader;
        group.Crash(old);
        var next = (old + 1) % 3;
        group.HoldsFlushes[next] = true;
        group.HoldsFlushes[(old + 2) % 3] = true;
        group.Sent.Clear();
        group.Tick(300);
        Assert.DoesNotContain(group.Sent, static message => message is Prepare);

        group.HoldsFlushes[next] = false;
        group.Flush(next);
        group.TickUntil(() => group.Sent.OfType<Prepare>().Any(), "a candidate prepares");
        var used = group.Sent.OfType<Prepare>().Where(prepare => prepare.Ballot.Leader.Ordinal == next).Max(static prepare => prepare.Ballot.Round);
        group.Crash(next);
        group.Sent.Clear();
        group.Start(next);
        group.TickUntil(() => group.Sent.OfType<PreVote>().Any(preVote => preVote.Ballot.Leader.Ordinal == next), "it stands again");
        Assert.All(group.Sent.OfType<PreVote>().Where(preVote => preVote.Ballot.Leader.Ordinal == next), preVote => Assert.True(preVote.Ballot.Round > used));
    }

    [Fact]
    public void Accept_OutOfOrderDoubledAndLate_AcknowledgedOnlyWithoutGaps()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var leader = new ReplicaId(group.Leader);
        var follower = new ReplicaId((group.Leader + 1) % 3);
        var last = group.Nodes[leader.Ordinal].Status.Last;
        group.Loses = static (_, _, message) => message is Accept;
        foreach (var text in new[] { "a", "b", "c" })
        {
            group.Propose(leader.Ordinal, text);
            group.Drain(leader.Ordinal);
        }

        var accepts = group.Network.Where(sent => sent.To == follower && sent.Message is Accept { Entries.Length: > 0 }).Select(static sent => sent.Message).ToArray();
        Assert.Equal(3, accepts.Length);
        group.Loses = static (_, _, _) => false;
        group.Network.Clear();

        Slot LastAcknowledged() => group.Network.Select(static sent => sent.Message).OfType<Accepted>().Last().UpTo;
        group.Deliver(leader, follower, accepts[2]);
        Assert.Equal(last, LastAcknowledged());
        group.Deliver(leader, follower, accepts[1]);
        group.Deliver(leader, follower, accepts[1]);
        Assert.Equal(last, LastAcknowledged());
        group.Deliver(leader, follower, accepts[0]);
        Assert.Equal(last.Number + 3, LastAcknowledged().Number);
    }

    [Fact]
    public void Read_NoQuorumConfirms_IsNotAnswered()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var old = group.Leader;
        group.Loses = (from, to, _) => from.Ordinal == old || to.Ordinal == old;
        var token = group.Read(old);
        group.Settle();
        Assert.Empty(group.ReadsReady);

        group.TickUntil(() => group.Nodes[old].Status.Role != NodeRole.Leader, "the cut-off leader steps down");
        Assert.Contains(group.GivenUp, given => given.GivenUp == new GivenUp(token, GivenUpReason.NotLeader));
        Assert.Empty(group.ReadsReady);
    }

    [Fact]
    public void Read_NewLeaderWithoutOwnChosenEntry_Waits()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var old = group.Leader;
        group.Crash(old);
        group.Loses = static (_, _, message) => message is Accept { Entries.Length: > 0 };
        group.TickUntil(() => group.Leader >= 0 && group.Leader != old, "a new leader");
        var token = group.Read(group.Leader);
        group.Tick(5);
        Assert.Empty(group.ReadsReady);

        group.Loses = static (_, _, _) => false;
        group.TickUntil(() => group.ReadsReady.Any(ready => ready.Token == token), "the read is answered");
    }

    [Fact]
    public void PreVote_ReturningReplica_DoesNotDeposeTheLeader()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var leader = group.Leader;
        var ballot = group.Nodes[leader].Status.Promised;
        var away = (leader + 1) % 3;
        group.Loses = (from, to, _) => from.Ordinal == away || to.Ordinal == away;
        group.Tick(500);
        group.Loses = static (_, _, _) => false;
        group.Tick(100);
        Assert.Equal(leader, group.Leader);
        Assert.Equal(ballot, group.Nodes[leader].Status.Promised);
    }

    [Fact]
    public void HandOver_PlannedStop_AnotherLeadsAtOnce()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var old = group.Leader;
        group.Propose(old, "before");
        group.Settle();
        group.Nodes[old].HandOver();
        group.Settle();
        Assert.NotEqual(old, group.Leader);
        Assert.True(group.Leader >= 0);
        group.Propose(group.Leader, "after");
        group.Tick(10);
        Assert.All(group.Delivered, delivered => Assert.Equal(["before", "after"], delivered));
    }

    [Fact]
    public void Witness_Votes_NeitherLeadsNorDelivers()
    {
        var group = new NodeGroup(witness: 1);
        group.ElectLeader();
        var old = group.Leader;
        Assert.NotEqual(1, old);
        group.Propose(old, "kept by the witness");
        group.Tick(10);
        group.Crash(old);
        group.ElectLeader();
        Assert.NotEqual(1, group.Leader);
        Assert.Equal(["kept by the witness"], group.Delivered[group.Leader]);
        Assert.Empty(group.Delivered[1]);
    }

    [Fact]
    public void Propose_QueueFull_RefusedAndNotProposed()
    {
        var group = new NodeGroup(adjust: static options => options with { QueueBytesMax = 100, SlotsInFlightMax = 1 });
        group.ElectLeader();
        group.Loses = static (_, _, message) => message is Accept { Entries.Length: > 0 };
        var tokens = Enumerable.Range(0, 20).Select(_ => group.Propose(group.Leader, new string('x', 30))).ToArray();
        group.Settle();
        var refused = group.GivenUp.Where(static given => given.GivenUp.Reason == GivenUpReason.Overloaded).Select(static given => given.GivenUp.Token).ToArray();
        Assert.NotEmpty(refused);
        group.Loses = static (_, _, _) => false;
        group.TickUntil(() => group.Answered.Count == tokens.Length - refused.Length, "the others are answered");
        Assert.Equal(tokens.Except(refused), group.Answered.Select(static answer => answer.Token));
    }

    [Fact]
    public void SlowFollower_LongAway_FedFromItsOwnPositionWithBoundedMessages()
    {
        var group = new NodeGroup(adjust: static options => options with { MessageBytesMax = 1000, PeerMessagesInFlightMax = 2 });
        group.ElectLeader();
        var leader = group.Leader;
        var away = (leader + 1) % 3;
        group.Crash(away);
        for (var i = 0; i < 300; i++)
        {
            group.Propose(leader, $"{i} {new string('x', 100)}");
            group.Settle();
        }

        group.Start(away);
        group.Sent.Clear();
        group.TickUntil(() => group.Delivered[away].Count == 300, "the follower has caught up");
        Assert.Equal(group.Delivered[leader], group.Delivered[away]);
        Assert.All(group.Sent.OfType<Accept>(), static accept => Assert.InRange(accept.Entries.Sum(static entry => entry.Length), 0, 1200));
    }

    [Fact]
    public void Candidate_FarBehind_GetsThePromiseInChunks()
    {
        var group = new NodeGroup(witness: 1, adjust: static options => options with { MessageBytesMax = 500 });
        group.ElectLeader();
        var old = group.Leader;
        var behind = 2 - old;
        group.Crash(behind);
        for (var i = 0; i < 100; i++)
        {
            group.Propose(old, $"{i} {new string('x', 50)}");
            group.Settle();
        }

        group.Crash(old);
        group.Start(behind);
        group.ElectLeader();
        group.Tick(20);
        Assert.Equal(100, group.Delivered[behind].Count);
    }

    [Fact]
    public void Restart_DiskOfAnotherReplica_IsRefused()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var options = group.Nodes[1].Options;
        var error = Assert.Throws<InvalidOperationException>(() => new PaxosNode(options, group.Disk(0)));
        Assert.Contains("replica 0 of group 'g'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Accept_OtherEntryInTheSameBallotAndSlot_BreaksA1()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        var leader = new ReplicaId(group.Leader);
        var follower = group.Nodes[(group.Leader + 1) % 3];
        var forged = new Accept(follower.Status.Promised, follower.Status.Last, [Entry.Pack(7, [new byte[] { 1 }])], Slot.None, 0, 7);
        var broken = Assert.Throws<InvariantBrokenException>(() => follower.Receive(leader, forged));
        Assert.Equal("A1", broken.Id);
    }

    [Fact]
    public void Recovery_ChosenHintWithoutItsEntries_BreaksA3()
    {
        var group = new NodeGroup();
        group.ElectLeader();
        JournalRecord[] cut = [.. group.Disk(0).Where(static record => record.Kind != JournalRecordKind.Accepted), new(JournalRecordKind.Chosen, default, new Slot(1), default)];
        Assert.Equal("A3", Assert.Throws<InvariantBrokenException>(() => new PaxosNode(group.Nodes[0].Options, cut)).Id);
    }
}
