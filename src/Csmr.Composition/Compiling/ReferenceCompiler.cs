using System.Diagnostics.CodeAnalysis;
using Csmr.Composition.Findings;
using Csmr.Composition.Json;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>Makes expressions out of references: <c>$in.key</c>, <c>$put</c>, <c>$put.version</c>, <c>$placed.result.event</c>.</summary>
internal sealed class ReferenceCompiler(StepScope scope, FindingList findings)
{
    /// <summary>Makes the expression of a reference, or reports what is wrong with it.</summary>
    /// <param name="text">The reference, with its <c>$</c>.</param>
    /// <param name="position">Where it is.</param>
    /// <returns>The expression; null where it was reported.</returns>
    public Expression? Compile(string text, Position position)
    {
        var path = text[1..].Split('.');
        if (path.Any(static part => part.Length == 0))
        {
            findings.Add(
                FindingCodes.BadExpression,
                position,
                $"'{Suggestion.Shown(text)}' is no reference",
                "write '$in.argument' or '$step.field'; a text that starts with '$' is written '$$…'");
            return null;
        }

        return path[0] == "in" ? Argument(path, position)
            : path[0] == "item" && scope.Item is { } item ? Members(item, path, 1, position)
            : Step(path, position);
    }

    private Expression? Argument(string[] path, Position position)
    {
        if (path.Length == 1)
        {
            findings.Add(FindingCodes.BadExpression, position, "'$in' stands for all arguments", "name one: '$in.key'");
            return null;
        }

        var index = scope.Parameters.Select(static parameter => parameter.Name).ToList().IndexOf(path[1]);
        if (index < 0)
        {
            findings.Add(
                FindingCodes.UnknownReference,
                position,
                $"there is no argument '{Suggestion.Shown(path[1])}'",
                Suggestion.Among(path[1], "the operation has", scope.Parameters.Select(static parameter => parameter.Name)));
            return null;
        }

        return Members(new ArgumentExpression(index, scope.Parameters[index].Type), path, 2, position);
    }

    private Expression? Step(string[] path, Position position)
    {
        if (!scope.TryFind(path[0], out var answer))
        {
            if (scope.IsLater(path[0]))
            {
                findings.Add(FindingCodes.UnknownReference, position, $"step '{Suggestion.Shown(path[0])}' is not executed before this", "a step sees those before it only");
            }
            else
            {
                findings.Add(
                    FindingCodes.UnknownReference,
                    position,
                    $"there is no step '{Suggestion.Shown(path[0])}'",
                    Suggestion.Among(path[0], "before this there are", scope.Names));
            }

            return null;
        }

        return answer is null ? null : Field(answer, path, position);
    }

    /// <summary>A field by its name; the first one also as <c>result</c>, or without a name; a member of the first one directly.</summary>
    private Expression? Field(StepAnswer answer, string[] path, Position position)
    {
        var names = answer.Fields.Select(static field => field.Name).ToList();
        var index = path.Length == 1 ? 0 : names.IndexOf(path[1]);
        if (index >= 0)
        {
            return Members(answer.Outputs[index], path, 2, position);
        }

        if (path[1] == OutcomeJson.ResultName)
        {
            return Members(answer.Outputs[0], path, 2, position);
        }

        if (answer.Fields[0].Type.Fields.Any(member => member.Name == path[1]))
        {
            return Members(answer.Outputs[0], path, 1, position);
        }

        if (path is [_, "refusal" or "refused"])
        {
            return Refusal(answer, path, position);
        }

        findings.Add(
            FindingCodes.UnknownReference,
            position,
            $"step '{path[0]}' has no field '{Suggestion.Shown(path[1])}'",
            Suggestion.Among(path[1], "it has", names.Concat(answer.Fields[0].Type.Fields.Select(static member => member.Name))));
        return null;
    }

    /// <summary>The code of a step's refusal, or whether it was refused.</summary>
    private Expression? Refusal(StepAnswer answer, string[] path, Position position)
    {
        if (answer.Refusable is { } step)
        {
            var refusal = new RefusalExpression(step);
            return path[1] == "refusal" ? refusal : new NotExpression(new EqualsExpression(refusal, ConstantExpression.Null));
        }

        findings.Add(
            FindingCodes.UnknownReference,
            position,
            $"a refusal of step '{path[0]}' ends the operation, so no step after it sees one",
            $"give '{path[0]}' the rule 'onRefusal: continue'");
        return null;
    }

    private Expression? Members(Expression source, string[] path, int next, Position position)
    {
        var expression = source;
        foreach (var name in path.Skip(next))
        {
            if (!TryMember(expression, name, out var member))
            {
                var members = expression.Type.Fields.Select(static field => field.Name).ToArray();
                findings.Add(
                    FindingCodes.UnknownReference,
                    position,
                    $"a {expression.Type} has no member '{Suggestion.Shown(name)}'",
                    members.Length > 0 ? Suggestion.Among(name, "it has", members) : "only records have members");
                return null;
            }

            expression = member;
        }

        return expression;
    }

    private static bool TryMember(Expression source, string name, [NotNullWhen(true)] out Expression? member)
    {
        member = source switch
        {
            RecordExpression record => record.Members.FirstOrDefault(candidate => candidate.Name == name)?.Expression,
            WhenExpression { Then: RecordExpression } guarded when TryMember(guarded.Then, name, out var inner) => new WhenExpression(guarded.Condition, inner),
            _ when source.Type.Fields.FirstOrDefault(field => field.Name == name) is { } field => new MemberExpression(source, name, field.Type),
            _ => null,
        };
        return member is not null;
    }
}
