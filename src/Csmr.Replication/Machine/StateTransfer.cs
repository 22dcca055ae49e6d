namespace Csmr.Replication.Machine;

/// <summary>Executes <see cref="TransferOperations"/>.</summary>
/// <param name="create">Makes a machine in its first state.</param>
internal sealed class StateTransfer(Func<IStateMachine> create)
{
    private const string NotStaged = "restore.not-staged";

    // They touch nothing of the machine's state, but have to have their order among themselves and with what touches everything.
    private static readonly Footprint Staging = Footprint.Write("$staged");

    private StagedState? _staged;

    /// <summary>The cuts that were made and not taken by anybody yet. Not part of the replicated state.</summary>
    public List<StateCut> Cuts { get; } = [];

    /// <summary>What an invocation touches.</summary>
    public static Footprint FootprintOf(Invocation invocation) => invocation.Operation.Name switch
    {
        // R1, R2: everything that is ordered before is in it, and nothing else, at this group as at all others.
        TransferOperations.Cut or TransferOperations.Ready or TransferOperations.Commit => Footprint.Everything,
        _ => Staging,
    };

    /// <summary>Executes an invocation.</summary>
    /// <param name="invocation">One of the operations.</param>
    /// <param name="slot">The entry.</param>
    /// <param name="machine">The machine; replaced where another state takes its place.</param>
    /// <returns>The outcome.</returns>
    public Outcome Execute(Invocation invocation, Slot slot, ref IStateMachine machine)
    {
        var id = invocation[0].AsString();
        switch (invocation.Operation.Name)
        {
            case TransferOperations.Cut:
                Cuts.Add(StateCut.Of(id, slot, machine));
                return Outcome.Done(Value.Of(slot.Number));
            case TransferOperations.Stage:
                _staged = new StagedState(id, create);
                return Outcome.Done();
            case TransferOperations.Load:
                return Load(id, invocation[1].AsLong(), invocation[2].AsJson());
            case TransferOperations.Ready:
                return Check(id, invocation[1].AsLong());
            case TransferOperations.Commit:
                return Commit(id, slot, ref machine);
            default:
                _staged = _staged?.Id == id ? null : _staged;
                return Outcome.Done();
        }
    }

    /// <summary>What is staged as of now; null for nothing.</summary>
    public StagedView? Capture() => _staged?.Capture();

    /// <summary>Reads what is staged out of a snapshot.</summary>
    /// <exception cref="WireFormatException">The bytes are none.</exception>
    public void Restore(ref WireReader reader) => _staged = reader.Bool() ? StagedState.Read(ref reader, create) : null;

    private Outcome Load(string id, long part, byte[] bytes)
    {
        if (_staged?.Id != id || _staged.Parts != part)
        {
            return Missing(id, part);
        }

        try
        {
            _staged.Load(bytes);
            return Outcome.Done();
        }
        catch (WireFormatException cause)
        {
            return Drop(cause);
        }
    }

    private Outcome Check(string id, long parts)
    {
        if (_staged?.Id != id || _staged.Parts != parts)
        {
            return Missing(id, parts);
        }

        try
        {
            _staged.Build();
            return Outcome.Done();
        }
        catch (WireFormatException cause)
        {
            return Drop(cause);
        }
    }

    private Outcome Commit(string id, Slot slot, ref IStateMachine machine)
    {
        if (_staged?.Id != id)
        {
            return Missing(id, 0);
        }

        var next = _staged.Build();
        (next as IItemizedStateMachine)?.Succeed(machine);
        (machine, _staged) = (next, null);
        return Outcome.Done(Value.Of(slot.Number));
    }

    private Outcome Drop(WireFormatException cause)
    {
        _staged = null;
        return Outcome.Refused("restore.bad-state", $"The machine does not take what was brought: {cause.Message}");
    }

    private Outcome Missing(string id, long part) => Outcome.Refused(
        NotStaged,
        $"Part {part} of '{id}' has no place: {(_staged is null ? "nothing is being brought" : $"'{_staged.Id}' is being brought and has {_staged.Parts} parts")}. Restore again.");
}
