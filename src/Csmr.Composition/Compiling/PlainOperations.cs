using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>The operations of a state machine as plans of one step.</summary>
internal static class PlainOperations
{
    /// <summary>The plan of one operation.</summary>
    /// <param name="service">The service.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="settings">The settings of the service.</param>
    /// <param name="router">Leads to the group.</param>
    /// <returns>The plan.</returns>
    public static OperationPlan Of(string service, OperationDefinition operation, MachineSettings settings, Router router) => new()
    {
        Name = operation.Name,
        Service = service,
        Summary = operation.Summary,
        Access = operation.Access,
        Parameters = operation.Parameters,
        Fields = operation.Fields,
        Refusals = operation.Refusals,
        Example = operation.Example,
        Consistency = Consistency.Atomic,
        Steps =
        [
            new StepPlan
            {
                Id = operation.Name,
                Service = service,
                Operation = operation,
                Arguments = [.. operation.Parameters.Select(static (parameter, index) => new ArgumentExpression(index, parameter.Type))],
                Router = router,
                Refusals = StepRefusal.Of(operation, settings),
            },
        ],
    };

    /// <summary>Whether a plan is one step that takes the client's arguments as they are and answers as it is.</summary>
    public static bool IsPlain(OperationPlan plan) =>
        plan is { Return: null, Steps: [{ When: null, OnRefusal: RefusalRule.Stop } step] }
        && step.Arguments.Count == plan.Parameters.Count
        && step.Arguments.Select(static (expression, index) => expression is ArgumentExpression argument && argument.Index == index).All(static same => same);
}
