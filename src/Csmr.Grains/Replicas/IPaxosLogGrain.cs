using Csmr.Grains.Replicas.Membership;
using Csmr.Grains.Routing;
using Orleans.Concurrency;

namespace Csmr.Grains.Replicas;

/// <summary>
/// One replica of a group as the other silos see it: acceptor, learner and maybe leader. Its key is <c>silo/group</c>
/// (<see cref="ReplicaKey"/>). For silos only.
/// </summary>
[Alias("csmr.IPaxosLogGrain")]
internal interface IPaxosLogGrain : IGrainWithStringKey
{
    /// <summary>Proposes a packed batch of commands, where this replica leads.</summary>
    /// <param name="batch">The batch; see <see cref="Replication.Machine.CommandBatch"/>.</param>
    /// <returns>The packed replies, or why there are none.</returns>
    [Alias("Propose"), ResponseTimeout("00:00:10")]
    Task<GroupReply> ProposeAsync([Immutable] byte[] batch);

    /// <summary>Answers a packed batch of reads, linearizably, where this replica leads.</summary>
    /// <param name="batch">The batch.</param>
    /// <returns>The packed replies, or why there are none.</returns>
    [Alias("Read"), ResponseTimeout("00:00:10")]
    Task<GroupReply> ReadAsync([Immutable] byte[] batch);

    /// <summary>Tells how requests stand that were answered <see cref="Replication.Machine.CommandReplyKind.Waiting"/>.</summary>
    /// <param name="ids">Their packed ids; see <see cref="Replication.Machine.CommandBatch.PackIds"/>.</param>
    /// <returns>The packed replies, as soon as one of them is another than that; or why there are none.</returns>
    [Alias("Await"), ResponseTimeout("00:00:10")]
    Task<GroupReply> AwaitAsync([Immutable] byte[] ids);

    /// <summary>Takes a message of another replica of the group. May be lost, doubled, reordered and late.</summary>
    /// <param name="from">The sender's ordinal.</param>
    /// <param name="node">The sender's node: where to answer, also before the receiver knows the configuration that names it.</param>
    /// <param name="message">The packed message.</param>
    /// <returns>Nothing that anyone waits for.</returns>
    [Alias("Deliver"), OneWay]
    Task DeliverAsync(int from, string node, [Immutable] byte[] message);

    /// <summary>Tells the replica's status.</summary>
    /// <param name="withDigest">Whether a digest of the state is wanted: as costly as a snapshot.</param>
    /// <returns>The status.</returns>
    [Alias("Status"), ResponseTimeout("00:00:10")]
    Task<ReplicaStatus> StatusAsync(bool withDigest);

    /// <summary>Gives the leadership to another replica, where this one leads: its silo is about to stop, or somebody wants it.</summary>
    /// <param name="to">The node whose replica is to lead; null for any.</param>
    /// <returns>Completes when it leads no more, or after a short while, in which case it goes on leading.</returns>
    [Alias("HandOver"), ResponseTimeout("00:00:10")]
    Task HandOverAsync(string? to);

    /// <summary>Starts a replica here, which joins the group as a learner.</summary>
    /// <param name="id">Its id, which nobody had before.</param>
    /// <param name="isWitness">Whether it is to be a witness.</param>
    /// <param name="ticket">What it begins with; see <see cref="Replication.Paxos.JoinTicket"/>.</param>
    /// <returns>Why not; null where it is there, durably.</returns>
    [Alias("Join"), ResponseTimeout("00:00:10")]
    Task<string?> JoinAsync(int id, bool isWitness, [Immutable] byte[] ticket);

    /// <summary>Changes the members of the group, where this replica leads.</summary>
    /// <param name="change">What is to change.</param>
    /// <returns>What came of it.</returns>
    [Alias("Change"), ResponseTimeout("00:00:30")]
    Task<ChangeReply> ChangeAsync(MemberChange change);

    /// <summary>Reads a part of a cut of the state (R1), from any executing replica.</summary>
    /// <param name="id">What the cut was made for.</param>
    /// <param name="part">The part's number, from 0.</param>
    /// <returns>The part, the same at every replica.</returns>
    [Alias("ReadCut"), ResponseTimeout("00:01:00")]
    Task<CutPart> ReadCutAsync(string id, long part);

    /// <summary>A cut is still wanted, or no more.</summary>
    /// <param name="id">What the cut was made for.</param>
    /// <param name="isWanted">Whether it is.</param>
    /// <returns>Nothing that anyone waits for.</returns>
    [Alias("HoldCut"), OneWay]
    Task HoldCutAsync(string id, bool isWanted);
}

/// <summary>A part of a cut.</summary>
/// <param name="IsKnown">Whether this replica has the cut.</param>
/// <param name="Bytes">The part; null behind the last one.</param>
[GenerateSerializer, Immutable, Alias("csmr.CutPart")]
internal sealed record CutPart([property: Id(0)] bool IsKnown, [property: Id(1)] byte[]? Bytes);

/// <summary>How a replica answers a batch.</summary>
internal enum GroupReplyKind : byte
{
    /// <summary>Every command or read of the batch has its reply.</summary>
    Answered = 0,

    /// <summary>This replica does not lead (or has stopped): nothing was proposed.</summary>
    NotLeader = 1,

    /// <summary>Too much is waiting: nothing was proposed.</summary>
    Overloaded = 2,

    /// <summary>The leadership ended after the batch was proposed: it may be chosen yet.</summary>
    LeadershipLost = 3,
}

/// <summary>A replica's answer to a batch.</summary>
/// <param name="Kind">How.</param>
/// <param name="Replies">The packed replies, where answered.</param>
/// <param name="Leader">The node that leads as far as the replica knows, where it does not lead itself.</param>
/// <param name="TimeMs">The group's time at the last executed entry, where answered.</param>
[GenerateSerializer, Immutable, Alias("csmr.GroupReply")]
internal sealed record GroupReply(
    [property: Id(0)] GroupReplyKind Kind,
    [property: Id(1)] byte[] Replies,
    [property: Id(2)] string? Leader = null,
    [property: Id(3)] long TimeMs = 0)
{
    /// <summary>Too much is waiting.</summary>
    public static GroupReply Overloaded { get; } = new(GroupReplyKind.Overloaded, []);

    /// <summary>The batch may be chosen yet.</summary>
    public static GroupReply LeadershipLost { get; } = new(GroupReplyKind.LeadershipLost, []);

    /// <summary>Every command has its reply.</summary>
    /// <param name="replies">The packed replies.</param>
    /// <param name="timeMs">The group's time.</param>
    /// <returns>The answer.</returns>
    public static GroupReply Answered(byte[] replies, long timeMs) => new(GroupReplyKind.Answered, replies, TimeMs: timeMs);

    /// <summary>This replica does not lead.</summary>
    /// <param name="leader">Who does, if known.</param>
    /// <returns>The answer.</returns>
    public static GroupReply NotLeader(string? leader) => new(GroupReplyKind.NotLeader, [], leader);
}
