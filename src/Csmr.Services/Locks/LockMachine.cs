using System.Buffers;

namespace Csmr.Services.Locks;

/// <summary>The <c>lock</c> machine: locks under keys, with owners, leases and fencing tokens.</summary>
public sealed class LockMachineType : IStateMachineType
{
    /// <inheritdoc/>
    public MachineDefinition Definition => LockOperations.Machine;

    /// <inheritdoc/>
    public IStateMachine Create(MachineSettings settings) => new LockMachine(settings[LockOperations.LeaseSecondsDefault].AsLong());
}

internal sealed class LockMachine(long leaseSecondsDefault) : IItemizedStateMachine
{
    // More than one at a time, so that forgetting keeps up with whatever acquires.
    private const int ForgetLocksMax = 4;

    private LockState _state = new();

    public Outcome Apply(Invocation invocation, in ApplyContext context)
    {
        _state.Advance(context.TimeMs);
        _state.Forget(ForgetLocksMax);
        var key = invocation[0].AsString();
        return invocation.Operation.Name switch
        {
            LockOperations.Acquire => Acquire(key, OwnerOf(invocation[1], context), invocation[2]),
            LockOperations.Release => Release(key, OwnerOf(invocation[1], context), invocation[2]),
            LockOperations.Renew => Renew(key, OwnerOf(invocation[1], context), invocation[2], invocation[3]),
            LockOperations.Check => Outcome.Done(Value.Of(_state.Find(key)?.Token == invocation[1].AsLong())),
            LockOperations.Query => Query(key),
            var other => throw new ArgumentException($"The lock has no operation '{other}'.", nameof(invocation)),
        };
    }

    public Footprint FootprintOf(Invocation invocation)
    {
        var key = invocation[0].AsString();
        return invocation.Operation.Name is LockOperations.Check or LockOperations.Query ? Footprint.Read(key) : Footprint.Write(key);
    }

    public void Snapshot(IBufferWriter<byte> output) => LockCodec.Write(_state, output);

    public IStateView Capture() => new StateView<LockState>(_state.Copy(), LockCodec.Write);

    public void Restore(ReadOnlyMemory<byte> snapshot) => _state = LockCodec.Read(snapshot);

    public IEnumerable<StateItem> CaptureItems() => LockCodec.Items(_state.Copy());

    public void Take(StateItem item) => LockCodec.Take(item, _state);

    public void Succeed(IStateMachine former) => _state.RaiseToken(((LockMachine)former)._state.LastToken);

    private Outcome Acquire(string key, string? owner, Value leaseSeconds)
    {
        var held = _state.Find(key);
        if (held is not null && (owner is null || held.Owner != owner))
        {
            return Outcome.Done(Value.Of(false), Value.Null, Value.Null);
        }

        return Hold(key, new HeldLock(owner, held?.Token ?? _state.NextToken(), EndOfLease(leaseSeconds)));
    }

    private Outcome Release(string key, string? owner, Value token)
    {
        var isHolder = IsHolder(_state.Find(key), owner, token);
        if (isHolder)
        {
            _state.Remove(key);
        }

        return Outcome.Done(Value.Of(isHolder));
    }

    private Outcome Renew(string key, string? owner, Value leaseSeconds, Value token)
    {
        var held = _state.Find(key);
        return IsHolder(held, owner, token)
            ? Hold(key, held! with { ExpiresAtMs = EndOfLease(leaseSeconds) })
            : Outcome.Done(Value.Of(false), Value.Null, Value.Null);
    }

    private Outcome Query(string key) => _state.Find(key) is { } held
        ? Outcome.Done(Value.Of(true), Value.Of(held.Owner), Value.Of(held.Token), OrNull(held.ExpiresAtMs))
        : Outcome.Done(Value.Of(false), Value.Null, Value.Null, Value.Null);

    private Outcome Hold(string key, HeldLock held)
    {
        _state.Set(key, held);
        return Outcome.Done(Value.Of(true), Value.Of(held.Token), OrNull(held.ExpiresAtMs));
    }

    private long? EndOfLease(Value leaseSeconds)
    {
        var seconds = leaseSeconds.IsNull ? leaseSecondsDefault : Math.Max(leaseSeconds.AsLong(), 1);
        if (seconds == 0)
        {
            return null;
        }

        return seconds <= (long.MaxValue - _state.NowMs) / 1000 ? _state.NowMs + (seconds * 1000) : long.MaxValue;
    }

    private static bool IsHolder(HeldLock? held, string? owner, Value token) =>
        held is not null && held.Owner == owner && (token.IsNull || token.AsLong() == held.Token);

    private static string? OwnerOf(Value owner, in ApplyContext context)
    {
        if (!owner.IsNull)
        {
            return owner.AsString();
        }

        return context.Session.IsNone ? null : $"session:{context.Session}";
    }

    private static Value OrNull(long? number) => number is { } some ? Value.Of(some) : Value.Null;
}
