namespace Csmr.Services.Counter;

/// <summary>The number.</summary>
internal sealed class CounterState
{
    /// <summary>The sum of everything added.</summary>
    public long Value { get; init; }

    /// <summary>The state with an amount added; null where the sum does not fit.</summary>
    public CounterState? Plus(long amount)
    {
        var sum = unchecked(Value + amount);
        var overflows = ((Value ^ sum) & (amount ^ sum)) < 0;
        return overflows ? null : new CounterState { Value = sum };
    }
}
