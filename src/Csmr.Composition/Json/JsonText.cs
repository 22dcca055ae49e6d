using System.Buffers;
using System.Text;

namespace Csmr.Composition.Json;

/// <summary>
/// Canonical JSON text: no white space, numbers as they came, texts as UTF-8 with the fewest and shortest escapes (quote,
/// backslash and control characters).
/// </summary>
internal static class JsonText
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(static code => (byte)code), (byte)'"', (byte)'\\']);

    /// <summary>Writes a value; one that is null as <c>null</c>.</summary>
    public static void WriteValue(Value value, IBufferWriter<byte> output)
    {
        switch (value.Kind)
        {
            case ValueKind.Bool:
                output.Write(value.AsBool() ? "true"u8 : "false"u8);
                break;
            case ValueKind.Long:
                var span = output.GetSpan(20);
                value.AsLong().TryFormat(span, out var written);
                output.Advance(written);
                break;
            case ValueKind.String:
                WriteString(value.AsString(), output);
                break;
            case ValueKind.Json:
                output.Write(value.AsJson());
                break;
            default:
                output.Write("null"u8);
                break;
        }
    }

    /// <summary>Writes a text in quotes.</summary>
    public static void WriteString(string text, IBufferWriter<byte> output)
    {
        Span<byte> stack = stackalloc byte[512];
        var bytesMax = Encoding.UTF8.GetMaxByteCount(text.Length);
        var rented = bytesMax > stack.Length ? ArrayPool<byte>.Shared.Rent(bytesMax) : null;
        var utf8 = rented ?? stack;
        var count = Encoding.UTF8.GetBytes(text, utf8);
        WriteUtf8(utf8[..count], output);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static void WriteUtf8(ReadOnlySpan<byte> utf8, IBufferWriter<byte> output)
    {
        output.Write("\""u8);
        while (utf8.IndexOfAny(Escaped) is var plain and >= 0)
        {
            output.Write(utf8[..plain]);
            var span = output.GetSpan(6);
            output.Advance(Escape(utf8[plain], span));
            utf8 = utf8[(plain + 1)..];
        }

        output.Write(utf8);
        output.Write("\""u8);
    }

    /// <summary>Decodes the inside of a JSON string that the reader has already found well-formed.</summary>
    /// <param name="raw">The text between the quotes, with its escapes.</param>
    /// <param name="output">Takes as many bytes as <paramref name="raw"/> has, at most.</param>
    /// <param name="isCanonical">Whether to keep the escapes that canonical text needs; else all are resolved.</param>
    /// <param name="written">The number of bytes written.</param>
    /// <returns>False where a surrogate has no partner: no UTF-8 text can hold it.</returns>
    public static bool TryUnescape(ReadOnlySpan<byte> raw, Span<byte> output, bool isCanonical, out int written)
    {
        written = 0;
        while (raw.IndexOf((byte)'\\') is var plain and >= 0)
        {
            raw[..plain].CopyTo(output[written..]);
            written += plain;
            if (!TryReadEscape(raw[plain..], out var rune, out var read))
            {
                return false;
            }

            var target = output[written..];
            written += isCanonical && rune.IsAscii && Escaped.Contains((byte)rune.Value)
                ? Escape((byte)rune.Value, target)
                : rune.EncodeToUtf8(target);
            raw = raw[(plain + read)..];
        }

        raw.CopyTo(output[written..]);
        written += raw.Length;
        return true;
    }

    private static bool TryReadEscape(ReadOnlySpan<byte> raw, out Rune rune, out int read)
    {
        if (raw[1] != (byte)'u')
        {
            read = 2;
            rune = new Rune(raw[1] switch
            {
                (byte)'b' => '\b',
                (byte)'f' => '\f',
                (byte)'n' => '\n',
                (byte)'r' => '\r',
                (byte)'t' => '\t',
                var same => (char)same,
            });
            return true;
        }

        var first = UnitOf(raw);
        read = 6;
        if (!char.IsSurrogate(first))
        {
            rune = new Rune(first);
            return true;
        }

        read = 12;
        rune = default;
        return raw.Length >= 12 && raw[6] == (byte)'\\' && raw[7] == (byte)'u' && Rune.TryCreate(first, UnitOf(raw[6..]), out rune);
    }

    private static char UnitOf(ReadOnlySpan<byte> escape)
    {
        var unit = 0;
        foreach (var digit in escape[2..6])
        {
            unit = (unit << 4) | (digit <= (byte)'9' ? digit - (byte)'0' : (digit & 0x5f) - (byte)'A' + 10);
        }

        return (char)unit;
    }

    private static int Escape(byte code, Span<byte> output)
    {
        output[0] = (byte)'\\';
        var letter = code switch
        {
            (byte)'"' or (byte)'\\' => code,
            (byte)'\b' => (byte)'b',
            (byte)'\f' => (byte)'f',
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            _ => (byte)0,
        };
        if (letter != 0)
        {
            output[1] = letter;
            return 2;
        }

        "u00"u8.CopyTo(output[1..]);
        output[4] = (byte)('0' + (code >> 4));
        output[5] = "0123456789abcdef"u8[code & 15];
        return 6;
    }
}
