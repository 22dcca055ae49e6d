using System.Text;
using Csmr.Composition.Json;
using Csmr.Composition.Model;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>Makes the example of a composite operation's answer out of those of its steps.</summary>
internal static class ExampleAnswer
{
    /// <summary>Makes the example.</summary>
    /// <param name="plan">The operation.</param>
    /// <returns>The fields as a JSON object; null where a step has no example.</returns>
    public static string? Of(OperationPlan plan)
    {
        if (plan.Steps.Any(static step => step.Operation.Example is null))
        {
            return null;
        }

        if (plan.Return is null)
        {
            return plan.Steps[0].Operation.Example;
        }

        var answer = new OutputFunction(plan).Apply(new ExampleScope(plan), single: null);
        var builder = new JsonBuilder().BeginObject();
        for (var i = 0; i < plan.Fields.Count; i++)
        {
            builder.Member(plan.Fields[i].Name).Value(answer.Fields[i]);
        }

        return Encoding.UTF8.GetString(builder.EndObject().ToUtf8());
    }

    /// <summary>Every step is executed and answers its example.</summary>
    private sealed class ExampleScope(OperationPlan plan) : IEvaluationScope
    {
        private readonly byte[][] _answers = [.. plan.Steps.Select(static step => Encoding.UTF8.GetBytes(step.Operation.Example!))];

        public Value Argument(int index)
        {
            var parameter = plan.Parameters[index];
            return parameter.Example is null
                ? Value.Null
                : JsonMember.Read(Encoding.UTF8.GetBytes($"{{\"value\":{parameter.Example}}}"), "value", parameter.Type);
        }

        public Value Refusal(int step) => Value.Null;

        public Value Overflow() => Value.Null;

        public Value Field(int step, int field)
        {
            var definition = plan.Steps[step].Operation.Fields[field];
            return JsonMember.Read(_answers[step], definition.Name, definition.Type);
        }
    }
}
