using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>
/// A copy of a replica on its way: captured at one slot, written when it has long gone on, and then brought up to it by the entries since.
/// </summary>
/// <param name="original">The replica, as it is now.</param>
public sealed class ReplicaCopy(ReplicatedMachine original)
{
    private readonly MachineView _view = original.Capture();
    private readonly ulong _digest = original.Digest();
    private readonly List<Entry> _since = [];

    /// <summary>The replica has applied an entry.</summary>
    /// <param name="entry">The entry.</param>
    public void Add(Entry entry) => _since.Add(entry);

    /// <summary>Writes what was captured.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Snapshot()
    {
        var writer = new WireWriter();
        _view.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Makes the copy.</summary>
    /// <param name="copy">A replica in its first state.</param>
    /// <param name="original">The replica, as it is now.</param>
    /// <returns>The copy, which is as the original.</returns>
    public ReplicatedMachine Finish(ReplicatedMachine copy, ReplicatedMachine original)
    {
        copy.Restore(Snapshot());
        if (copy.Digest() != _digest || copy.AppliedUpTo != _view.Slot)
        {
            throw new ViolationException("S2", $"captured at slot {_view.Slot} and restored it is another state");
        }

        foreach (var entry in _since)
        {
            copy.Apply(copy.AppliedUpTo.Next, entry, null);
        }

        RequireSame(original, copy);
        return copy;
    }

    /// <summary>S2: two replicas are in the same state, and told the same at the last entry.</summary>
    /// <param name="one">One.</param>
    /// <param name="other">The other.</param>
    public static void RequireSame(ReplicatedMachine one, ReplicatedMachine other)
    {
        Require(one.AppliedUpTo == other.AppliedUpTo && one.TimeMs == other.TimeMs && one.Digest() == other.Digest(), "digest", one);
        Require(one.Pending.Select(Text).SequenceEqual(other.Pending.Select(Text)) && one.OpenRounds == other.OpenRounds, "pending operations", one);
        Require(Outgoing(one).SequenceEqual(Outgoing(other)), "outgoing messages", one);
    }

    /// <summary>S2: two replicas apply an entry, and answer the same.</summary>
    /// <param name="one">One, which has applied it.</param>
    /// <param name="replies">What it replied.</param>
    /// <param name="other">The other.</param>
    /// <param name="entry">The entry.</param>
    public static void ApplySame(ReplicatedMachine one, List<byte[]> replies, ReplicatedMachine other, Entry entry)
    {
        var replied = new List<byte[]>();
        other.Apply(other.AppliedUpTo.Next, entry, replied);
        Require(replies.Select(Convert.ToHexString).SequenceEqual(replied.Select(Convert.ToHexString)), "replies", one);
        Require(one.Released.Select(Text).SequenceEqual(other.Released.Select(Text)), "released answers", one);
        RequireSame(one, other);
    }

    private static string Text(PendingComposite pending) =>
        $"{pending.Id} {string.Join(',', pending.Destinations)} {pending.SinceMs} {pending.IsFinal} {pending.IsExecuted}";

    private static string Text((RequestId Id, CommandReply Reply) released)
    {
        var writer = new WireWriter();
        CommandBatch.WriteReply(released.Reply, writer);
        return $"{released.Id} {Convert.ToHexString(writer.Written)}";
    }

    private static List<string> Outgoing(ReplicatedMachine machine)
    {
        var outgoing = new List<(GroupId To, long Oldest, long Newest)>();
        machine.Outgoing(outgoing);
        return outgoing.ConvertAll(waiting => $"{waiting} {Convert.ToHexString(machine.PackOutgoing(waiting.To, 0, int.MaxValue))}");
    }

    private static void Require(bool condition, string what, ReplicatedMachine machine)
    {
        if (!condition)
        {
            throw new ViolationException("S2", $"the copy of a replica differs from it at slot {machine.AppliedUpTo}: {what}");
        }
    }
}
