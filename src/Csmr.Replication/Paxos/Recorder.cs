using Csmr.Replication.Ports;

namespace Csmr.Replication.Paxos;

/// <summary>Numbers the records that a node emits, and knows which of them are durable.</summary>
internal sealed class Recorder(Effects effects)
{
    /// <summary>The number of the last record emitted.</summary>
    public long Emitted { get; private set; }

    /// <summary>All records up to this number are durable. Never goes down.</summary>
    public long Durable { get; private set; }

    /// <summary>Emits a record.</summary>
    /// <returns>Its number.</returns>
    public long Emit(JournalRecordKind kind, Ballot ballot = default, Slot slot = default, ReadOnlyMemory<byte> payload = default)
    {
        effects.Records.Add(new JournalRecord(kind, ballot, slot, payload));
        effects.RecordsUpTo = ++Emitted;
        effects.Base = kind == JournalRecordKind.Base ? slot : effects.Base;
        return Emitted;
    }

    /// <summary>The host says that records are durable.</summary>
    public void Persisted(long upTo)
    {
        Invariant.Require(upTo <= Emitted, "A2");
        Durable = Math.Max(Durable, upTo);
    }
}
