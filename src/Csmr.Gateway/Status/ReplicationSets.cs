using Csmr.Composition.Plans;

namespace Csmr.Gateway.Status;

/// <summary>The groups that one step of a call may reach.</summary>
/// <param name="Step">The step.</param>
/// <param name="Groups">The one group where the arguments at hand decide it, else every group it may be.</param>
internal readonly record struct StepGroups(StepPlan Step, IReadOnlyList<GroupId> Groups);

/// <summary>Computes replication sets: R(x, a) where the arguments that routing looks at are given, else R(x).</summary>
internal static class ReplicationSets
{
    public static IReadOnlyList<StepGroups> Of(OperationPlan operation, Value[] arguments) =>
        [.. operation.Steps.Select(step => new StepGroups(step, Groups(operation, step, arguments)))];

    private static IReadOnlyList<GroupId> Groups(OperationPlan operation, StepPlan step, Value[] arguments)
    {
        var scope = new GivenArguments(operation, arguments);
        var values = new Value[step.Arguments.Count];
        foreach (var key in step.Router.Keys)
        {
            values[key] = step.Arguments[key].Evaluate(scope);
        }

        return scope.IsComplete ? [step.Router.Route(values)] : step.Router.Groups;
    }

    /// <summary>Notes whether something was asked for that is not given.</summary>
    private sealed class GivenArguments(OperationPlan operation, Value[] arguments) : IEvaluationScope
    {
        public bool IsComplete { get; private set; } = true;

        public Value Argument(int index)
        {
            IsComplete &= !arguments[index].IsNull || operation.Parameters[index].IsOptional;
            return arguments[index];
        }

        public Value Field(int step, int field)
        {
            IsComplete = false;
            return Value.Null;
        }

        public Value Refusal(int step) => Field(step, 0);
    }
}
