using System.Text;

namespace Csmr.Composition.Json;

/// <summary>Holds values against the bounds of their parameters.</summary>
public static class ArgumentBounds
{
    /// <summary>Finds what is wrong with a value of the right type.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="value">The value.</param>
    /// <returns>The problem, or null.</returns>
    public static ArgumentProblem? Find(ParameterDefinition parameter, Value value) => value.Kind switch
    {
        ValueKind.Null when !parameter.IsOptional =>
            new ArgumentProblem(ArgumentCodes.Missing, parameter.Name, $"argument '{parameter.Name}' is missing: a {parameter.Type} is required"),
        ValueKind.Long => FindLong(parameter, value.AsLong()),
        ValueKind.String when parameter.BytesMin is not null || parameter.BytesMax is not null =>
            FindLength(parameter, Encoding.UTF8.GetByteCount(value.AsString())),
        ValueKind.Json => FindLength(parameter, value.AsJson().Length) ?? FindInItems(parameter, value),
        _ => null,
    };

    /// <summary>Whether a parameter has bounds at all, beyond its type.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <returns>Whether it has.</returns>
    public static bool Has(ParameterDefinition parameter) =>
        parameter is not { Minimum: null, Maximum: null, BytesMin: null, BytesMax: null };

    /// <summary>The bytes of a value: of its UTF-8 text or its JSON text.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The number; 0 for null.</returns>
    public static int BytesOf(Value value) => value.Kind switch
    {
        ValueKind.Null => 0,
        ValueKind.Json => value.AsJson().Length,
        _ => Encoding.UTF8.GetByteCount(value.ToString()),
    };

    /// <summary>The bounds of an integer, for messages.</summary>
    /// <param name="minimum">The smallest allowed.</param>
    /// <param name="maximum">The largest allowed.</param>
    /// <returns>The text.</returns>
    internal static string Describe(long? minimum, long? maximum) => (minimum, maximum) switch
    {
        (null, null) => "an integer of 64 bits",
        (_, null) => $"an integer of at least {minimum}",
        (null, _) => $"an integer of at most {maximum}",
        _ => $"an integer from {minimum} to {maximum}",
    };

    private static ArgumentProblem? FindInItems(ParameterDefinition parameter, Value value)
    {
        if (parameter.Type.Element is not { } element || (parameter.ItemsMax is null && parameter.Items.Count == 0))
        {
            return null;
        }

        var count = JsonItems.Count(value);
        if (count > parameter.ItemsMax)
        {
            return new ArgumentProblem(
                ArgumentCodes.TooLong, parameter.Name, $"argument '{parameter.Name}' has {count} items, but at most {parameter.ItemsMax} are allowed");
        }

        var items = parameter.Items.Count > 0 ? JsonItems.All(value, element) : [];
        for (var i = 0; i < items.Length; i++)
        {
            foreach (var definition in parameter.Items)
            {
                var part = element.Fields.Count > 0 ? JsonMember.Read(items[i].AsJson(), definition.Name, definition.Type) : items[i];
                if (Find(definition, part) is { } problem)
                {
                    return problem with { Argument = parameter.Name, Message = $"item {i} of '{parameter.Name}': {problem.Message}" };
                }
            }
        }

        return null;
    }

    private static ArgumentProblem? FindLong(ParameterDefinition parameter, long value) =>
        value < parameter.Minimum || value > parameter.Maximum
            ? new ArgumentProblem(
                ArgumentCodes.OutOfBounds,
                parameter.Name,
                $"argument '{parameter.Name}' is {value}, but must be {Describe(parameter.Minimum, parameter.Maximum)}")
            : null;

    private static ArgumentProblem? FindLength(ParameterDefinition parameter, int bytes)
    {
        if (bytes < parameter.BytesMin)
        {
            return new ArgumentProblem(
                ArgumentCodes.TooShort,
                parameter.Name,
                $"argument '{parameter.Name}' has {bytes} bytes, but at least {parameter.BytesMin} are required");
        }

        return bytes > parameter.BytesMax
            ? new ArgumentProblem(
                ArgumentCodes.TooLong,
                parameter.Name,
                $"argument '{parameter.Name}' has {bytes} bytes, but at most {parameter.BytesMax} are allowed")
            : null;
    }
}
