namespace Csmr.Replication.Paxos;

/// <summary>What replicas of a group say to each other. May be lost, doubled, reordered and late without harm.</summary>
public abstract record Message;

/// <summary>"My disk is new, and this is its incarnation": sent until all members were heard.</summary>
/// <param name="Incarnation">The sender's incarnation.</param>
public sealed record Hello(ulong Incarnation) : Message;

/// <summary>"I heard that all disks are new, and agreed to these incarnations, durably": sent until all have agreed.</summary>
/// <param name="Incarnations">One for each member.</param>
public sealed record AgreedTo(ulong[] Incarnations) : Message;

/// <summary>"The group was formed by these incarnations": the answer of a formed replica to <see cref="Hello"/> and <see cref="AgreedTo"/>.</summary>
/// <param name="Incarnations">One for each member.</param>
public sealed record FormedBy(ulong[] Incarnations) : Message;

/// <summary>"Would you vote for me?" Changes nothing at the receiver.</summary>
/// <param name="Ballot">The ballot that the sender would use.</param>
/// <param name="ChosenUpTo">The sender knows all slots up to here as chosen.</param>
public sealed record PreVote(Ballot Ballot, Slot ChosenUpTo) : Message;

/// <summary>The answer to <see cref="PreVote"/>.</summary>
/// <param name="Ballot">The ballot asked about.</param>
/// <param name="IsGranted">Whether the sender would.</param>
/// <param name="Promised">The sender's promise, so that the asker can choose a higher ballot.</param>
/// <param name="Base">Where the sender's log starts: entries up to here it has no more.</param>
public sealed record PreVoteReply(Ballot Ballot, bool IsGranted, Ballot Promised, Slot Base) : Message;

/// <summary>Phase 1a: asks for a promise and for what was accepted from a slot on.</summary>
/// <param name="Ballot">The candidate's ballot.</param>
/// <param name="From">The first slot asked for.</param>
public sealed record Prepare(Ballot Ballot, Slot From) : Message;

/// <summary>Phase 1b: promises to take part in no lower ballot, and tells what was accepted. Sent in chunks.</summary>
/// <param name="Ballot">The ballot promised.</param>
/// <param name="From">The first slot that this chunk covers.</param>
/// <param name="CoveredUpTo">Every slot from <paramref name="From"/> up to here that the sender has accepted is in <paramref name="Entries"/>.</param>
/// <param name="Last">The last slot that the sender has accepted: the promise is complete when all chunks up to it are there.</param>
/// <param name="Base">Where the sender's log starts: entries up to here it has no more, and they are chosen (S4).</param>
/// <param name="ChosenUpTo">The sender knows all slots up to here as chosen.</param>
/// <param name="TimeMs">The group's time as the sender reckons it (<see cref="GroupClock"/>); 0 where it does not know.</param>
/// <param name="Entries">The accepted entries, those known as chosen included.</param>
public sealed record Promise(
    Ballot Ballot, Slot From, Slot CoveredUpTo, Slot Last, Slot Base, Slot ChosenUpTo, long TimeMs, AcceptedEntry[] Entries) : Message;

/// <summary>An entry with the ballot in which an acceptor accepted it.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="Ballot">The ballot.</param>
/// <param name="Entry">The entry's bytes.</param>
public readonly record struct AcceptedEntry(Slot Slot, Ballot Ballot, ReadOnlyMemory<byte> Entry);

/// <summary>Phase 2a for consecutive slots; without entries, a heartbeat.</summary>
/// <param name="Ballot">The leader's ballot.</param>
/// <param name="First">The slot of the first entry.</param>
/// <param name="Entries">The entries.</param>
/// <param name="ChosenUpTo">The leader knows all slots up to here as chosen.</param>
/// <param name="Round">The leader's newest round of read confirmation.</param>
/// <param name="TimeMs">The group's time (<see cref="GroupClock"/>).</param>
public sealed record Accept(Ballot Ballot, Slot First, ReadOnlyMemory<byte>[] Entries, Slot ChosenUpTo, long Round, long TimeMs) : Message;

/// <summary>Phase 2b, cumulative: all of the ballot up to a slot is durable here.</summary>
/// <param name="Ballot">The leader's ballot.</param>
/// <param name="UpTo">Every slot up to here is known as chosen here, or accepted in this ballot and durable.</param>
/// <param name="Round">The newest round of read confirmation seen: when it arrived, no higher ballot was promised here.</param>
public sealed record Accepted(Ballot Ballot, Slot UpTo, long Round) : Message;

/// <summary>"I promised a higher ballot": the answer to a <see cref="Prepare"/> or <see cref="Accept"/> that comes too late.</summary>
/// <param name="Ballot">The ballot refused.</param>
/// <param name="Promised">The higher one.</param>
public sealed record Reject(Ballot Ballot, Ballot Promised) : Message;

/// <summary>"What you lack is no more in my log": the receiver needs a snapshot.</summary>
/// <param name="Ballot">The leader's ballot.</param>
/// <param name="Base">Where the leader's log starts.</param>
public sealed record Truncated(Ballot Ballot, Slot Base) : Message;

/// <summary>"You belong to the group no more": the answer to a <see cref="PreVote"/> of who is no member.</summary>
/// <param name="Number">The number of the sender's configuration, which does not name the receiver.</param>
public sealed record Removed(long Number) : Message;

/// <summary>Asks for a part of a snapshot's file.</summary>
/// <param name="Slot">The snapshot that is being received; <see cref="Slot.None"/> for the newest one.</param>
/// <param name="AtLeast">A snapshot below this slot is of no use.</param>
/// <param name="Offset">The first byte asked for.</param>
public sealed record SnapshotAsk(Slot Slot, Slot AtLeast, long Offset) : Message;

/// <summary>A part of a snapshot's file.</summary>
/// <param name="Slot">The snapshot's slot; <see cref="Slot.None"/> where the sender has none that is of use.</param>
/// <param name="TotalBytes">The size of the file.</param>
/// <param name="Offset">The offset of the first byte.</param>
/// <param name="Bytes">The bytes.</param>
public sealed record SnapshotPart(Slot Slot, long TotalBytes, long Offset, ReadOnlyMemory<byte> Bytes) : Message;

/// <summary>Planned hand-over: "you have all that I have; lead at once".</summary>
/// <param name="Ballot">The ballot of the leader that goes.</param>
public sealed record TakeOver(Ballot Ballot) : Message;
