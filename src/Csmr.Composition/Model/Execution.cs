using Csmr.Composition.Plans;

namespace Csmr.Composition.Model;

/// <summary>One element of an execution E ⊆ (O × A) × U: an invocation with its output.</summary>
/// <param name="Group">The group that executed it.</param>
/// <param name="Invocation">The operation with its arguments.</param>
/// <param name="Output">The output u ∈ U.</param>
public readonly record struct Execution(GroupId Group, Invocation Invocation, Outcome Output);

/// <summary>The output function f(D): makes the client's answer out of the outputs D of the services involved.</summary>
/// <param name="operation">The operation whose answer it makes.</param>
public readonly struct OutputFunction(OperationPlan operation)
{
    /// <summary>The answer.</summary>
    /// <param name="outputs">The outputs D, and the client's arguments.</param>
    /// <param name="single">The one output, where the operation answers it as it is.</param>
    /// <returns>The answer.</returns>
    public Outcome Apply(IEvaluationScope outputs, Outcome? single)
    {
        if (operation.Return is null)
        {
            return single ?? throw new ArgumentNullException(nameof(single));
        }

        var fields = new Value[operation.Return.Count];
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = operation.Return[i].Evaluate(outputs);
        }

        return Outcome.Done(fields);
    }
}
