using System.Globalization;

namespace Csmr.Composition.Compiling;

/// <summary>Puts the bounds of parameters together.</summary>
internal static class ParameterBounds
{
    /// <summary>A parameter with its own bounds and those of another that its value is passed on to.</summary>
    /// <param name="own">The parameter.</param>
    /// <param name="other">The one that gets its value.</param>
    /// <returns>The parameter, with what it says itself and else what the other says.</returns>
    public static ParameterDefinition Narrow(ParameterDefinition own, ParameterDefinition other) => own with
    {
        Minimum = Larger(own.Minimum, other.Minimum),
        Maximum = Smaller(own.Maximum, other.Maximum),
        BytesMin = (int?)Larger(own.BytesMin, other.BytesMin),
        BytesMax = (int?)Smaller(own.BytesMax, other.BytesMax),
        ItemsMax = (int?)Smaller(own.ItemsMax, other.ItemsMax),
        Items = own.Items.Count == 0 ? other.Items : [.. own.Items.Select(item => other.Items.FirstOrDefault(also => also.Name == item.Name) is { } also ? Narrow(item, also) : item)],
        Summary = own.Summary.Length > 0 ? own.Summary : other.Summary,
        Example = own.Example ?? (IsWithin(other.Example, own) ? other.Example : null),
    };

    /// <summary>Whether any value is left.</summary>
    public static bool HasValue(ParameterDefinition parameter) =>
        !(parameter.Minimum > parameter.Maximum) && !(parameter.BytesMin > parameter.BytesMax) && parameter.Items.All(HasValue);

    /// <summary>Whether two lists of parameters take the same arguments.</summary>
    public static bool AreAlike(IReadOnlyList<ParameterDefinition> left, IReadOnlyList<ParameterDefinition> right) =>
        left.Count == right.Count && left.Zip(right).All(static pair =>
            pair.First.Name == pair.Second.Name && pair.First.Type.ToString() == pair.Second.Type.ToString() && pair.First.IsOptional == pair.Second.IsOptional);

    /// <summary>Whether two lists of fields hold the same answers.</summary>
    public static bool AreAlike(IReadOnlyList<FieldDefinition> left, IReadOnlyList<FieldDefinition> right) =>
        left.Count == right.Count && left.Zip(right).All(static pair =>
            pair.First.Name == pair.Second.Name && pair.First.Type.ToString() == pair.Second.Type.ToString() && AreAlike(pair.First.Type.Fields, pair.Second.Type.Fields));

    /// <summary>Whether an example of another parameter fits: an integer may lie out of bounds that this one has itself.</summary>
    private static bool IsWithin(string? example, ParameterDefinition parameter) =>
        !long.TryParse(example, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
        || !(number < parameter.Minimum || number > parameter.Maximum);

    private static long? Larger(long? left, long? right) => left is null || right is null ? left ?? right : Math.Max(left.Value, right.Value);

    private static long? Smaller(long? left, long? right) => left is null || right is null ? left ?? right : Math.Min(left.Value, right.Value);
}
