using System.Text;

namespace Csmr;

/// <summary>How a <see cref="Value"/> is carried.</summary>
public enum ValueKind : byte
{
    /// <summary>No value: an optional argument that was not given, or JSON null.</summary>
    Null = 0,

    /// <summary>True or false.</summary>
    Bool = 1,

    /// <summary>A signed 64-bit integer.</summary>
    Long = 2,

    /// <summary>A text.</summary>
    String = 3,

    /// <summary>Any JSON value, as canonical UTF-8 text (no white space, minimal escapes, members in the order given).</summary>
    Json = 4,
}

/// <summary>
/// One argument or one field of an outcome. Immutable and safe to share between threads: a caller hands over the array
/// of a JSON value and does not change it afterwards.
/// </summary>
public readonly struct Value : IEquatable<Value>
{
    private readonly long _number;
    private readonly object? _reference;

    private Value(ValueKind kind, long number, object? reference)
    {
        Kind = kind;
        _number = number;
        _reference = reference;
    }

    /// <summary>The absent value.</summary>
    public static Value Null => default;

    /// <summary>How the value is carried.</summary>
    public ValueKind Kind { get; }

    /// <summary>Whether this is <see cref="Null"/>.</summary>
    public bool IsNull => Kind == ValueKind.Null;

    /// <summary>A truth value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The value, wrapped.</returns>
    public static Value Of(bool value) => new(ValueKind.Bool, value ? 1 : 0, null);

    /// <summary>An integer.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The value, wrapped.</returns>
    public static Value Of(long value) => new(ValueKind.Long, value, null);

    /// <summary>A text, or <see cref="Null"/>.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The value, wrapped.</returns>
    public static Value Of(string? value) => value is null ? default : new(ValueKind.String, 0, value);

    /// <summary>A JSON value, which is not checked here, or <see cref="Null"/>.</summary>
    /// <param name="utf8">Canonical JSON text. Not to be changed afterwards.</param>
    /// <returns>The value, wrapped.</returns>
    public static Value OfJson(byte[]? utf8) => utf8 is null ? default : new(ValueKind.Json, 0, utf8);

    /// <summary>The truth value.</summary>
    /// <returns>The value.</returns>
    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public bool AsBool() => Kind == ValueKind.Bool ? _number != 0 : throw WrongKind(ValueKind.Bool);

    /// <summary>The integer.</summary>
    /// <returns>The value.</returns>
    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public long AsLong() => Kind == ValueKind.Long ? _number : throw WrongKind(ValueKind.Long);

    /// <summary>The text.</summary>
    /// <returns>The value.</returns>
    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public string AsString() => Kind == ValueKind.String ? (string)_reference! : throw WrongKind(ValueKind.String);

    /// <summary>The JSON text. Not to be changed.</summary>
    /// <returns>UTF-8 bytes.</returns>
    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public byte[] AsJson() => Kind == ValueKind.Json ? (byte[])_reference! : throw WrongKind(ValueKind.Json);

    /// <inheritdoc/>
    public bool Equals(Value other) => Kind == other.Kind && Kind switch
    {
        ValueKind.String => string.Equals(AsString(), other.AsString(), StringComparison.Ordinal),
        ValueKind.Json => AsJson().AsSpan().SequenceEqual(other.AsJson()),
        _ => _number == other._number,
    };

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Kind switch
    {
        ValueKind.String => StringComparer.Ordinal.GetHashCode(AsString()),
        ValueKind.Json => AsJson().Length,
        _ => _number.GetHashCode(),
    };

    /// <summary>Whether two values are of one kind and equal.</summary>
    public static bool operator ==(Value left, Value right) => left.Equals(right);

    /// <summary>Whether two values differ.</summary>
    public static bool operator !=(Value left, Value right) => !left.Equals(right);

    /// <summary>The value for a person to read.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Bool => _number != 0 ? "true" : "false",
        ValueKind.Long => _number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ValueKind.String => AsString(),
        _ => Encoding.UTF8.GetString(AsJson()),
    };

    private InvalidOperationException WrongKind(ValueKind wanted) => new($"The value is {Kind}, not {wanted}.");
}
