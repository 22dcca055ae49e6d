namespace Csmr.Composition.Plans;

/// <summary>A typed expression over the client's arguments and the outcomes of earlier steps. Immutable and pure.</summary>
public abstract record Expression
{
    /// <summary>The type of its value.</summary>
    public abstract ValueType Type { get; }

    /// <summary>Computes the value.</summary>
    /// <param name="scope">The arguments and outcomes at hand.</param>
    /// <returns>The value; null where it refers to a step that was skipped.</returns>
    /// <exception cref="OverflowException">A number in it does not fit 64 bits.</exception>
    public abstract Value Evaluate(IEvaluationScope scope);
}

/// <summary>What an expression can see.</summary>
public interface IEvaluationScope
{
    /// <summary>A client's argument.</summary>
    /// <param name="index">Its position in <see cref="OperationPlan.Parameters"/>.</param>
    /// <returns>Its value.</returns>
    Value Argument(int index);

    /// <summary>A field of an earlier step's outcome.</summary>
    /// <param name="step">The step's position.</param>
    /// <param name="field">The field's position in its operation.</param>
    /// <returns>Its value; null where the step was skipped.</returns>
    Value Field(int step, int field);

    /// <summary>The refusal that an earlier step was answered with.</summary>
    /// <param name="step">The step's position.</param>
    /// <returns>Its code; null where the step was not refused.</returns>
    Value Refusal(int step);

    /// <summary>What stands for a number that does not fit 64 bits.</summary>
    /// <returns>A value, where there is one.</returns>
    /// <exception cref="OverflowException">There is none.</exception>
    Value Overflow() => throw new OverflowException();
}

/// <summary>Leads an invocation of a service to the group that owns its arguments: the R(x, a) of the model.</summary>
public abstract class Router
{
    /// <summary>Every group that it may lead to.</summary>
    public abstract IReadOnlyList<GroupId> Groups { get; }

    /// <summary>The positions of the arguments that it looks at. The checker has made sure that they are known when a call starts.</summary>
    public virtual IReadOnlyList<int> Keys => [];

    /// <summary>The group for given arguments.</summary>
    /// <param name="arguments">One value for each parameter of the step's operation.</param>
    /// <returns>The group.</returns>
    public abstract GroupId Route(ReadOnlySpan<Value> arguments);
}
