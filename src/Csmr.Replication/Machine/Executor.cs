namespace Csmr.Replication.Machine;

/// <summary>
/// Executes packed invocations on a user's state machine. Whatever the machine does, the group goes on: an exception is met by
/// every replica alike, so it is answered alike, and by the contract of <see cref="IStateMachine.Apply"/> it changed nothing.
/// </summary>
/// <param name="type">The type of the state machine.</param>
/// <param name="settings">Its settings.</param>
internal sealed class Executor(IStateMachineType type, MachineSettings settings)
{
    private readonly MachineDefinition _definition = type.Definition;
    private readonly StateTransfer _transfer = new(() => type.Create(settings));
    private IStateMachine _machine = type.Create(settings);

    /// <summary>The number of invocations that met a defect of the state machine.</summary>
    public long Faults { get; private set; }

    /// <summary>The cuts that were made and not taken by anybody yet (see <see cref="TransferOperations.Cut"/>). Not part of the replicated state.</summary>
    public List<StateCut> Cuts => _transfer.Cuts;

    /// <summary>Executes an invocation.</summary>
    /// <param name="packed">The packed invocation.</param>
    /// <param name="context">The entry.</param>
    /// <param name="isRead">Whether it must be a read.</param>
    /// <returns>The outcome.</returns>
    public Outcome Execute(ReadOnlyMemory<byte> packed, in ApplyContext context, bool isRead)
    {
        var invocation = Read(packed);
        if (invocation is null || (isRead && invocation.Operation.Access != OperationAccess.Read))
        {
            return Outcome.Fault("bad-invocation", $"Machine '{_definition.Name}' cannot execute this: the operation or its arguments are unknown to it.");
        }

        try
        {
            return IsOfGroup(invocation) ? _transfer.Execute(invocation, context.Slot, ref _machine) : _machine.Apply(invocation, context);
        }
#pragma warning disable CA1031 // Whatever a user's machine throws must not stop the group.
        catch (Exception exception) when (exception is not InvariantBrokenException)
#pragma warning restore CA1031
        {
            Faults++;
            return Outcome.Fault("machine-failed", $"Operation '{invocation.Operation.Name}' of machine '{_definition.Name}' failed: {exception.GetType().Name}.");
        }
    }

    /// <summary>What an invocation touches.</summary>
    /// <param name="packed">The packed invocation.</param>
    /// <returns>The footprint; nothing where it cannot be executed at all, everything where the machine cannot tell.</returns>
    public Footprint FootprintOf(ReadOnlyMemory<byte> packed)
    {
        if (Read(packed) is not { } invocation)
        {
            return Footprint.None;
        }

        try
        {
            return IsOfGroup(invocation) ? StateTransfer.FootprintOf(invocation) : _machine.FootprintOf(invocation);
        }
#pragma warning disable CA1031 // As above: met by every replica alike.
        catch (Exception exception) when (exception is not InvariantBrokenException)
#pragma warning restore CA1031
        {
            Faults++;
            return Footprint.Everything;
        }
    }

    /// <summary>The machine's state as of now, to be written by any thread.</summary>
    /// <returns>The state.</returns>
    public IStateView Capture() => _machine.Capture();

    /// <summary>What is staged to take the place of the machine's state, as of now; null for nothing.</summary>
    /// <returns>It.</returns>
    public StagedView? CaptureStaged() => _transfer.Capture();

    /// <summary>Replaces the machine's state, and what is staged.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="reader">Has read the snapshot up to what is staged; the rest is what the machine's view wrote.</param>
    /// <exception cref="WireFormatException">The machine does not take the bytes.</exception>
    public void Restore(ReadOnlyMemory<byte> snapshot, ref WireReader reader)
    {
        try
        {
            _transfer.Restore(ref reader);
            _machine.Restore(snapshot[reader.Position..]);
        }
#pragma warning disable CA1031 // Whatever a user's machine throws: its state cannot be restored from these bytes.
        catch (Exception exception) when (exception is not WireFormatException)
#pragma warning restore CA1031
        {
            throw new WireFormatException($"machine '{_definition.Name}' does not take its snapshot: {exception.GetType().Name}: {exception.Message}");
        }
    }

    private static bool IsOfGroup(Invocation invocation) => invocation.Operation.Name[0] == '$';

    private Invocation? Read(ReadOnlyMemory<byte> packed)
    {
        var reader = new WireReader(packed);
        try
        {
            if (Invocation.Read(ref reader, _definition) is { } invocation)
            {
                return invocation;
            }

            reader = new WireReader(packed);
            return Invocation.Read(ref reader, TransferOperations.Definition);
        }
        catch (WireFormatException)
        {
            return null;
        }
    }
}
