using System.Buffers;

namespace Csmr;

/// <summary>
/// A deterministic service: what a user writes. One instance is one replica's copy of the state. It is called by one
/// thread at a time.
/// </summary>
/// <remarks>
/// Determinism: the outcome and the new state may depend on the state, the invocation and the context only. No clock, no
/// randomness, no I/O, no order of a hash table, no static state. Equal states must write equal snapshots (write in a
/// sorted order), since replicas compare their digests.
/// </remarks>
public interface IStateMachine
{
    /// <summary>
    /// Executes one operation. Check first, change then: an exception must be thrown before the first change of state, if
    /// ever. It is a defect that all replicas meet alike; the caller gets a fault and the state counts as unchanged.
    /// What a caller does wrong is not an exception but a refusal or a result.
    /// </summary>
    /// <param name="invocation">The operation and its arguments, checked against the definition. Its arrays may be kept, not changed.</param>
    /// <param name="context">The entry that the operation is in. For a read, the last applied entry.</param>
    /// <returns>The outcome. An operation with <see cref="OperationAccess.Read"/> changes nothing.</returns>
    Outcome Apply(Invocation invocation, in ApplyContext context);

    /// <summary>Tells from an invocation alone which state it reads and writes.</summary>
    /// <param name="invocation">The operation and its arguments.</param>
    /// <returns>The footprint: never too small; <see cref="Footprint.Everything"/> is always right.</returns>
    Footprint FootprintOf(Invocation invocation);

    /// <summary>Writes the whole state.</summary>
    /// <param name="output">Where to.</param>
    void Snapshot(IBufferWriter<byte> output);

    /// <summary>
    /// The whole state as of now, to be written while the machine goes on executing, by another thread: what the platform takes
    /// snapshots by. It writes the bytes that <see cref="Snapshot"/> would write now, whatever is executed meanwhile.
    /// </summary>
    /// <remarks>
    /// By default the state is written into memory at once. That is always right, but the group stands still meanwhile, and there must
    /// be room for the bytes, 2 GiB at most. A machine whose state may become large should do better: keep the state in an
    /// <see cref="OrderedMap{TKey, TValue}"/> or in immutable objects, and hand out a copy, which costs next to nothing. An
    /// exception is no defect of the group: there is no snapshot then, and it is tried again later.
    /// </remarks>
    /// <returns>The state.</returns>
    IStateView Capture()
    {
        var writer = new WireWriter(4096);
        Snapshot(writer);
        return new WrittenState(writer);
    }

    /// <summary>Replaces the whole state by one that <see cref="Snapshot"/> wrote.</summary>
    /// <param name="snapshot">The bytes. To be copied from, not to be kept.</param>
    /// <exception cref="WireFormatException">The bytes are no snapshot of this machine.</exception>
    void Restore(ReadOnlyMemory<byte> snapshot);
}

/// <summary>The state of a machine at one moment, which no longer changes.</summary>
public interface IStateView
{
    /// <summary>Writes the state. May be called by any thread, one at a time.</summary>
    /// <param name="output">Where to.</param>
    void Write(IBufferWriter<byte> output);
}

/// <summary>A type of state machine that manifests can name: a public class with a public constructor without parameters.</summary>
public interface IStateMachineType
{
    /// <summary>The name, operations and settings.</summary>
    MachineDefinition Definition { get; }

    /// <summary>Makes an instance in its first state.</summary>
    /// <param name="settings">The service's settings, the same at every replica.</param>
    /// <returns>The instance.</returns>
    IStateMachine Create(MachineSettings settings);
}

/// <summary>The log entry that an operation is executed in: the only source of time and identity for a state machine.</summary>
/// <param name="Slot">The entry's slot.</param>
/// <param name="TimeMs">
/// The entry's time in milliseconds since 1970-01-01 UTC, as the leader stamped it: the same at every replica and never
/// smaller than an earlier entry's. Leases and expiry go by it.
/// </param>
/// <param name="Session">The caller's own session, or <see cref="SessionId.None"/> where the caller has none.</param>
public readonly record struct ApplyContext(Slot Slot, long TimeMs, SessionId Session);

/// <summary>A state that was written into memory.</summary>
internal sealed class WrittenState(WireWriter state) : IStateView
{
    public void Write(IBufferWriter<byte> output) => output.Write(state.Written);
}
