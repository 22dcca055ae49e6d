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
    private readonly IStateMachine _machine = type.Create(settings);

    /// <summary>The number of invocations that met a defect of the state machine.</summary>
    public long Faults { get; private set; }

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
            return _machine.Apply(invocation, context);
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
            return _machine.FootprintOf(invocation);
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

    /// <summary>Replaces the machine's state.</summary>
    /// <param name="snapshot">What its view wrote.</param>
    /// <exception cref="WireFormatException">The machine does not take the bytes.</exception>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        try
        {
            _machine.Restore(snapshot);
        }
#pragma warning disable CA1031 // Whatever a user's machine throws: its state cannot be restored from these bytes.
        catch (Exception exception) when (exception is not WireFormatException)
#pragma warning restore CA1031
        {
            throw new WireFormatException($"machine '{_definition.Name}' does not take its snapshot: {exception.GetType().Name}: {exception.Message}");
        }
    }

    private Invocation? Read(ReadOnlyMemory<byte> packed)
    {
        var reader = new WireReader(packed);
        try
        {
            return Invocation.Read(ref reader, _definition);
        }
        catch (WireFormatException)
        {
            return null;
        }
    }
}
