using Csmr.Replication.Machine;
using Csmr.Replication.Ports;

namespace Csmr.Replication.Multicast;

/// <summary>
/// An operation that has a place in the order of timestamps: a composite one until all may observe it, or a command of this
/// group alone that met a conflicting one.
/// </summary>
internal abstract class OrderedOperation
{
    /// <summary>Who asks, and what for.</summary>
    public required Command Command { get; init; }

    /// <summary>What it reads and writes here.</summary>
    public required Footprint Footprint { get; init; }

    /// <summary>Its timestamp: final, or the proposal of this group, which the final one is never below.</summary>
    public required Timestamp Timestamp { get; set; }

    /// <summary>Whether <see cref="Timestamp"/> is final.</summary>
    public required bool IsFinal { get; set; }

    /// <summary>Whether it has its place here: all that it conflicts with and that comes before it here is executed.</summary>
    public bool IsStarted { get; set; }

    /// <summary>Whether everything that it does here is done.</summary>
    public bool IsExecuted { get; set; }

    /// <summary>
    /// Composite operations that it follows here, at once or over others, and that are not exposed. While there is one, its
    /// answer is withheld: whoever knew the answer would know of those.
    /// </summary>
    public SortedSet<Composite> Predecessors { get; } = new(ByTimestamp);

    /// <summary>The answer, once it is executed.</summary>
    public CommandReply Reply { get; set; }

    /// <summary>Whether the answer may be given.</summary>
    public bool IsReleased => IsExecuted && Predecessors.Count == 0;

    /// <summary>Marks it as found in a search of <see cref="HoldTable"/>.</summary>
    public long FoundIn { get; set; }

    /// <summary>Orders operations of one group.</summary>
    public static IComparer<OrderedOperation> ByTimestamp { get; } =
        Comparer<OrderedOperation>.Create(static (left, right) => left.Timestamp.CompareTo(right.Timestamp));

    /// <summary>Writes it.</summary>
    public virtual void Snapshot(WireWriter writer)
    {
        Command.Write(writer);
        Timestamp.Write(writer);
        writer.Bool(IsFinal);
        writer.Bool(IsStarted);
        writer.Bool(IsExecuted);
        writer.VarUInt((uint)Predecessors.Count);
        foreach (var predecessor in Predecessors)
        {
            predecessor.Timestamp.Write(writer);
        }

        if (IsExecuted)
        {
            CommandBatch.WriteReply(Reply, writer);
        }
    }
}

/// <summary>A command of this group alone that waits for a place in the order, or whose answer is withheld.</summary>
internal sealed class OrderedCommand : OrderedOperation;

/// <summary>A composite operation, at one of its groups.</summary>
internal sealed class Composite : OrderedOperation
{
    /// <summary>What it is.</summary>
    public required MulticastCall Call { get; init; }

    /// <summary>The group's time when it met the operation.</summary>
    public required long SinceMs { get; init; }

    /// <summary>This group's position among the destinations.</summary>
    public required int Self { get; init; }

    /// <summary>Its steps.</summary>
    public required ICompositeRun Run { get; init; }

    /// <summary>Which destinations have said <see cref="Multicast.Cleared"/>.</summary>
    public required bool[] Cleared { get; init; }

    /// <summary>The results that are known here, by step; those of other groups only where a step here hangs on them.</summary>
    public SortedDictionary<int, SettledStep> Results { get; } = [];

    /// <summary>Those that wait for its exposure.</summary>
    public List<OrderedOperation> Followers { get; } = [];

    /// <summary>Whether others may observe it here.</summary>
    public bool IsExposed { get; set; }

    /// <summary>Whether others may observe it, as soon as this is noticed.</summary>
    public bool IsExposable => IsExecuted && Array.TrueForAll(Cleared, static cleared => cleared);

    /// <inheritdoc/>
    public override void Snapshot(WireWriter writer)
    {
        base.Snapshot(writer);
        writer.VarInt(SinceMs);
        foreach (var cleared in Cleared)
        {
            writer.Bool(cleared);
        }

        writer.VarUInt((uint)Results.Count);
        foreach (var settled in Results.Values)
        {
            writer.VarUInt((uint)settled.Step);
            writer.VarUInt((ulong)settled.Slot.Number);
            settled.Result.Write(writer);
        }
    }
}
