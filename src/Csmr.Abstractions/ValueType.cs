namespace Csmr;

/// <summary>
/// The declared type of an argument or of a field of an outcome: what the checker, the OpenAPI document and the binding
/// of arguments go by. <see cref="Carrier"/> says how a value of it travels; lists and records travel as JSON.
/// </summary>
public sealed record ValueType
{
    private ValueType(ValueKind carrier, string name) => (Carrier, Name) = (carrier, name);

    /// <summary>A text.</summary>
    public static ValueType String { get; } = new(ValueKind.String, "string");

    /// <summary>A signed 64-bit integer.</summary>
    public static ValueType Long { get; } = new(ValueKind.Long, "long");

    /// <summary>True or false.</summary>
    public static ValueType Bool { get; } = new(ValueKind.Bool, "bool");

    /// <summary>Any JSON value.</summary>
    public static ValueType Json { get; } = new(ValueKind.Json, "json");

    /// <summary>How a value of this type is carried.</summary>
    public ValueKind Carrier { get; }

    /// <summary>The name used in manifests and messages: <c>string</c>, <c>long</c>, <c>bool</c>, <c>json</c>, <c>list</c>, <c>record</c>.</summary>
    public string Name { get; }

    /// <summary>The type of the elements of a list; null for all others.</summary>
    public ValueType? Element { get; private init; }

    /// <summary>The fields of a record, in order; empty for all others.</summary>
    public IReadOnlyList<FieldDefinition> Fields { get; private init; } = [];

    /// <summary>A list of values of one type.</summary>
    /// <param name="element">The type of the elements.</param>
    /// <returns>The type.</returns>
    public static ValueType ListOf(ValueType element) => new(ValueKind.Json, "list") { Element = element };

    /// <summary>A record of named fields.</summary>
    /// <param name="fields">The fields, in order.</param>
    /// <returns>The type.</returns>
    public static ValueType Record(params IReadOnlyList<FieldDefinition> fields) => new(ValueKind.Json, "record") { Fields = fields };

    /// <summary>
    /// Whether every value of <paramref name="source"/> can be given where this type is wanted. JSON takes any; a list takes
    /// lists whose elements it takes; a record takes records that have all its fields, but for those that may be null, and no
    /// others.
    /// </summary>
    /// <param name="source">The type of the value at hand.</param>
    /// <returns>Whether it fits.</returns>
    public bool Accepts(ValueType source)
    {
        if (ReferenceEquals(this, Json))
        {
            return true;
        }

        if (!string.Equals(Name, source.Name, StringComparison.Ordinal))
        {
            return false;
        }

        return Element is null
            ? source.Fields.All(given => Fields.Any(wanted => wanted.Name == given.Name)) && Fields.All(wanted => IsIn(source, wanted))
            : Element.Accepts(source.Element!);
    }

    private static bool IsIn(ValueType source, FieldDefinition wanted)
    {
        var given = source.Fields.FirstOrDefault(field => field.Name == wanted.Name);
        return given is null ? wanted.IsNullable : wanted.Type.Accepts(given.Type) && (wanted.IsNullable || !given.IsNullable);
    }

    /// <inheritdoc/>
    public override string ToString() => Element is null ? Name : $"list of {Element}";
}

/// <summary>One named field of an outcome or of a record.</summary>
/// <param name="Name">The name, as clients see it.</param>
/// <param name="Type">The type.</param>
/// <param name="Summary">What it means, in one sentence, with its unit.</param>
/// <param name="IsNullable">Whether it may be null.</param>
public sealed record FieldDefinition(string Name, ValueType Type, string Summary, bool IsNullable = false)
{
    /// <summary>
    /// Whether it is a number drawn from a counter of the whole machine, such as a version: callers may compare two of the
    /// same key, but which number it is depends on the order of commands on other keys too, which footprints leave open.
    /// </summary>
    public bool IsStamp { get; init; }
}
