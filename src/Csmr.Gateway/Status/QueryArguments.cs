using System.Globalization;
using System.Text;
using System.Text.Json;
using Csmr.Composition.Json;
using Csmr.Gateway.Problems;

namespace Csmr.Gateway.Status;

/// <summary>Reads an operation's arguments from a query string; those left out stay null.</summary>
internal static class QueryArguments
{
    public static bool TryRead(IQueryCollection query, IReadOnlyList<ParameterDefinition> parameters, out Value[] arguments, out Problem problem)
    {
        arguments = new Value[parameters.Count];
        problem = default;
        foreach (var (name, values) in query)
        {
            var index = IndexOf(parameters, name);
            if (index < 0 || values.Count != 1)
            {
                problem = index < 0
                    ? Invalid(name, $"There is no argument '{name}'.")
                    : Invalid(name, $"Argument '{name}' is given {values.Count} times.");
                return false;
            }

            if (Parse(parameters[index].Type, values[0] ?? "") is not { } value)
            {
                problem = Invalid(name, $"Argument '{name}' must be a {parameters[index].Type}.");
                return false;
            }

            if (ArgumentBounds.Find(parameters[index], value) is { } outOfBounds)
            {
                problem = Invalid(name, outOfBounds.Message);
                return false;
            }

            arguments[index] = value;
        }

        return true;
    }

    private static int IndexOf(IReadOnlyList<ParameterDefinition> parameters, string name)
    {
        for (var i = 0; i < parameters.Count; i++)
        {
            if (parameters[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }

    private static Value? Parse(ValueType type, string text) => type.Carrier switch
    {
        ValueKind.String => Value.Of(text),
        ValueKind.Long => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? Value.Of(number) : null,
        ValueKind.Bool => bool.TryParse(text, out var truth) ? Value.Of(truth) : null,
        _ => ParseJson(text),
    };

    private static Value? ParseJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return Value.OfJson(Encoding.UTF8.GetBytes(text));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Problem Invalid(string argument, string detail) => new(ProblemTypes.InvalidArgument, detail) { Argument = argument };
}
