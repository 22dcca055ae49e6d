using Csmr.Composition.Programs;

namespace Csmr.Composition.Plans;

/// <summary>The groups that a call reaches: the destinations D(m) of the model, known when a call starts.</summary>
public static class Destinations
{
    /// <summary>Whether steps always fall into one and the same group, whatever the arguments.</summary>
    /// <param name="steps">The steps.</param>
    /// <returns>Whether they do.</returns>
    public static bool AreOneGroup(IReadOnlyList<StepPlan> steps) =>
        steps.SelectMany(static step => step.Router.Groups).Distinct().Count() <= 1
        || steps.Skip(1).All(step => LeadAlike(steps[0], step));

    /// <summary>The group of each step for given arguments.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="arguments">One value for each of its parameters.</param>
    /// <returns>One group for each step; null for a step that the arguments alone rule out.</returns>
    public static IReadOnlyList<GroupId?> Of(OperationPlan plan, Value[] arguments)
    {
        var call = CompositeCall.Of(plan, arguments);
        var groups = new GroupId?[plan.Steps.Count];
        for (var i = 0; i < call.PlanSteps.Count; i++)
        {
            groups[call.PlanSteps[i]] = call.Destinations[call.Program.Steps[i].Group];
        }

        return groups;
    }

    /// <summary>The client's arguments that decide which groups are called.</summary>
    /// <param name="plan">The plan.</param>
    /// <returns>Their positions.</returns>
    public static IReadOnlySet<int> KeyArguments(OperationPlan plan)
    {
        var ofRouters = plan.Steps.SelectMany(static step => step.Router.Keys.Select(key => step.Arguments[key]));
        var ofGuards = plan.Steps
            .Where(static step => step.When is not null)
            .SelectMany(static step => step.When!.All().OfType<PartitionExpression>().Select(static guard => guard.Key));
        return ofRouters.Concat(ofGuards).SelectMany(ExpressionExtensions.All).OfType<ArgumentExpression>().Select(static argument => argument.Index).ToHashSet();
    }

    private static bool LeadAlike(StepPlan left, StepPlan right)
    {
        if (!HaveOneShape(left.Router, right.Router))
        {
            return false;
        }

        var keysOfLeft = left.Router.Keys.Select(key => left.Arguments[key]);
        return keysOfLeft.SequenceEqual(right.Router.Keys.Select(key => right.Arguments[key]));
    }

    private static bool HaveOneShape(Router left, Router right) => (left, right) switch
    {
        (PartitionRouter one, PartitionRouter other) => ReferenceEquals(one.Function, other.Function)
            && one.Partitions.Zip(other.Partitions).All(static pair => HaveOneShape(pair.First, pair.Second)),
        _ => left.Groups.SequenceEqual(right.Groups),
    };
}
