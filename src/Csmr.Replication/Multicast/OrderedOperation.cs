using Csmr.Replication.Machine;
using Csmr.Replication.Ports;

namespace Csmr.Replication.Multicast;

/// <summary>
/// An operation that has a place in the order of timestamps: a composite one until all may observe it, or a command of this
/// group alone that met a conflicting one.
/// </summary>
internal abstract class OrderedOperation
{
    /// <summary>The fewest bytes that an operation takes in a snapshot.</summary>
    public const int BytesMin = 28;

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
        writer.Bool(this is Composite);
        Command.Write(writer);
        if (this is Composite composite)
        {
            writer.VarInt(composite.SinceMs);
        }

        Timestamp.Write(writer);
        writer.Bool(IsFinal);
        writer.Bool(IsStarted);
        writer.Bool(IsExecuted);
        if (IsExecuted)
        {
            CommandBatch.WriteReply(Reply, writer);
        }
    }

    /// <summary>Takes how far it has come, as <see cref="Snapshot"/> wrote it after <see cref="Timestamp"/> and <see cref="IsFinal"/>.</summary>
    /// <exception cref="WireFormatException">The bytes are no such progress.</exception>
    public virtual void Restore(ref WireReader reader)
    {
        (IsStarted, IsExecuted) = (reader.Bool(), reader.Bool());
        SnapshotRules.Require(IsStarted ? IsFinal : !IsExecuted, "an operation has not started and is executed");
        if (IsExecuted)
        {
            Reply = CommandBatch.ReadReply(ref reader);
            SnapshotRules.Require(Reply.Outcome is not null, "an operation is executed and has no outcome");
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

    /// <summary>Takes how far it has come; the run goes on from the results that are known.</summary>
    /// <exception cref="WireFormatException">The bytes are no such progress.</exception>
    public override void Restore(ref WireReader reader)
    {
        base.Restore(ref reader);
        for (var group = 0; group < Cleared.Length; group++)
        {
            Cleared[group] = reader.Bool();
        }

        var last = -1;
        for (var left = reader.Count(3); left > 0; left--)
        {
            var step = reader.Number();
            SnapshotRules.Require(step > last && step < Run.StepCount, $"step {step} of an operation has no place in it");
            last = (int)step;
            var slot = new Slot(reader.Number());
            var settled = new SettledStep(last, StepResult.Read(ref reader), slot);
            Results.Add(last, settled);
            Run.Settle(last, settled.Result);
        }
    }
}
