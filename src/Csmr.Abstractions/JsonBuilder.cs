using System.Globalization;

namespace Csmr;

/// <summary>
/// Builds one JSON value in the canonical form of <see cref="ValueKind.Json"/>: no white space, and only those characters
/// escaped that must be. Commas are set by itself; that the parts make one whole value is up to the caller. Not thread-safe.
/// </summary>
public sealed class JsonBuilder
{
    private readonly WireWriter _text;
    private bool _needsComma;

    /// <summary>Makes an empty one.</summary>
    /// <param name="capacityBytes">The expected size.</param>
    public JsonBuilder(int capacityBytes = 256) => _text = new WireWriter(capacityBytes);

    /// <summary>The number of bytes written.</summary>
    public int Length => _text.Length;

    /// <summary>Opens a list.</summary>
    /// <returns>This builder.</returns>
    public JsonBuilder BeginList() => Open((byte)'[');

    /// <summary>Closes a list.</summary>
    /// <returns>This builder.</returns>
    public JsonBuilder EndList() => Close((byte)']');

    /// <summary>Opens an object.</summary>
    /// <returns>This builder.</returns>
    public JsonBuilder BeginObject() => Open((byte)'{');

    /// <summary>Closes an object.</summary>
    /// <returns>This builder.</returns>
    public JsonBuilder EndObject() => Close((byte)'}');

    /// <summary>Writes the name of a member of an object, before its value.</summary>
    /// <param name="name">The name.</param>
    /// <returns>This builder.</returns>
    public JsonBuilder Member(string name)
    {
        Text(name);
        _text.Byte((byte)':');
        _needsComma = false;
        return this;
    }

    /// <summary>Writes a text.</summary>
    /// <param name="value">The text.</param>
    /// <returns>This builder.</returns>
    public JsonBuilder Text(string value)
    {
        BeginValue();
        _text.Byte((byte)'"');
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in value.EnumerateRunes())
        {
            if (rune.Value < ' ' || rune.Value == '"' || rune.Value == '\\')
            {
                Escape((byte)rune.Value);
            }
            else
            {
                _text.Raw(utf8[..rune.EncodeToUtf8(utf8)]);
            }
        }

        _text.Byte((byte)'"');
        return this;
    }

    /// <summary>Writes an integer.</summary>
    /// <param name="value">The integer.</param>
    /// <returns>This builder.</returns>
    public JsonBuilder Number(long value)
    {
        BeginValue();
        Span<byte> digits = stackalloc byte[20];
        _ = value.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
        _text.Raw(digits[..count]);
        return this;
    }

    /// <summary>Writes what is canonical JSON text already.</summary>
    /// <param name="utf8">The text.</param>
    /// <returns>This builder.</returns>
    public JsonBuilder Raw(ReadOnlySpan<byte> utf8)
    {
        BeginValue();
        _text.Raw(utf8);
        return this;
    }

    /// <summary>Writes a value of any kind.</summary>
    /// <param name="value">The value.</param>
    /// <returns>This builder.</returns>
    public JsonBuilder Value(Value value) => value.Kind switch
    {
        ValueKind.Bool => Raw(value.AsBool() ? "true"u8 : "false"u8),
        ValueKind.Long => Number(value.AsLong()),
        ValueKind.String => Text(value.AsString()),
        ValueKind.Json => Raw(value.AsJson()),
        _ => Raw("null"u8),
    };

    /// <summary>What was built.</summary>
    /// <returns>The JSON text as UTF-8.</returns>
    public byte[] ToUtf8() => _text.ToArray();

    /// <summary>What was built, as a value.</summary>
    /// <returns>The value.</returns>
    public Value ToValue() => Csmr.Value.OfJson(ToUtf8());

    private JsonBuilder Open(byte bracket)
    {
        BeginValue();
        _text.Byte(bracket);
        _needsComma = false;
        return this;
    }

    private JsonBuilder Close(byte bracket)
    {
        _text.Byte(bracket);
        _needsComma = true;
        return this;
    }

    private void BeginValue()
    {
        if (_needsComma)
        {
            _text.Byte((byte)',');
        }

        _needsComma = true;
    }

    private void Escape(byte character)
    {
        switch (character)
        {
            case (byte)'"':
                _text.Raw("\\\""u8);
                break;
            case (byte)'\\':
                _text.Raw("\\\\"u8);
                break;
            case (byte)'\b':
                _text.Raw("\\b"u8);
                break;
            case (byte)'\f':
                _text.Raw("\\f"u8);
                break;
            case (byte)'\n':
                _text.Raw("\\n"u8);
                break;
            case (byte)'\r':
                _text.Raw("\\r"u8);
                break;
            case (byte)'\t':
                _text.Raw("\\t"u8);
                break;
            default:
                _text.Raw("\\u00"u8);
                _text.Byte((byte)('0' + (character >> 4)));
                _text.Byte("0123456789abcdef"u8[character & 0xf]);
                break;
        }
    }
}
