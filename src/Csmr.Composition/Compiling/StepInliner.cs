using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>Steps put into a larger plan.</summary>
/// <param name="Steps">The steps, with their places in the larger plan.</param>
/// <param name="Outputs">The answer of the operation that they came from: one expression for each of its fields.</param>
internal sealed record InlinedSteps(IReadOnlyList<StepPlan> Steps, IReadOnlyList<Expression> Outputs);

/// <summary>Puts the steps of one plan into another: what makes nesting flat.</summary>
internal static class StepInliner
{
    /// <summary>Puts the steps of a plan into another.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="offset">How many steps the other plan has before them.</param>
    /// <param name="guard">What must hold for all of them; null for nothing.</param>
    /// <param name="argument">What stands for an argument of the plan.</param>
    /// <param name="id">The new id of a step.</param>
    /// <param name="rule">What a refusal of the plan's one step means; null to leave it as it is.</param>
    /// <returns>The steps.</returns>
    public static InlinedSteps Inline(
        OperationPlan plan, int offset, Expression? guard, Func<ArgumentExpression, Expression> argument, Func<string, string> id, RefusalRule? rule = null)
    {
        var isAnswered = rule == RefusalRule.Continue ? new EqualsExpression(new RefusalExpression(offset), ConstantExpression.Null) : null;
        var steps = plan.Steps
            .Select(step => step with
            {
                Id = id(step.Id),
                Arguments = [.. step.Arguments.Select(Placed)],
                When = Both(guard, step.When is null ? null : Placed(step.When)),
                OnRefusal = rule ?? step.OnRefusal,
            })
            .ToArray();
        var outputs = plan.Return is null
            ? plan.Fields.Select((field, index) => (Expression)new FieldExpression(offset, index, field.Type))
            : plan.Return.Select(expression => Guarded(Both(guard, isAnswered), Placed(expression)));
        return new InlinedSteps(steps, [.. outputs]);

        Expression Placed(Expression expression) => expression.Replace(leaf => leaf switch
        {
            ArgumentExpression own => argument(own),
            FieldExpression field => field with { Step = field.Step + offset },
            RefusalExpression refusal => refusal with { Step = refusal.Step + offset },
            _ => leaf,
        });
    }

    /// <summary>The condition that both hold; null where both are null.</summary>
    public static Expression? Both(Expression? left, Expression? right) =>
        left is null || right is null ? left ?? right : new AllExpression([.. ConditionsOf(left), .. ConditionsOf(right)]);

    private static IEnumerable<Expression> ConditionsOf(Expression condition) => condition is AllExpression all ? all.Operands : [condition];

    // A field of a skipped or refused step is null by itself.
    private static Expression Guarded(Expression? guard, Expression expression) =>
        guard is null || expression is FieldExpression ? expression : new WhenExpression(guard, expression);
}
