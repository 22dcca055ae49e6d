using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Csmr;

/// <summary>Bytes that are not what they should be: damaged, cut, or of a newer format.</summary>
/// <param name="message">What is wrong.</param>
public sealed class WireFormatException(string message) : Exception(message);

/// <summary>
/// Writes the one binary encoding used on the wire, on disk and in snapshots: little-endian fixed integers, LEB128
/// variable integers, length-prefixed bytes. Not thread-safe.
/// </summary>
public sealed class WireWriter : IBufferWriter<byte>
{
    private byte[] _buffer;

    /// <summary>Makes an empty one.</summary>
    /// <param name="capacityBytes">The expected size.</param>
    public WireWriter(int capacityBytes = 256) => _buffer = new byte[Math.Max(capacityBytes, 16)];

    /// <summary>The number of bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>What was written. Valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>Bytes that were written, to fill in what was not known then (a length, a checksum). Valid until the next write.</summary>
    /// <param name="start">Where they begin.</param>
    /// <param name="count">How many they are.</param>
    /// <returns>The bytes.</returns>
    public Span<byte> Patch(int start, int count) => _buffer.AsSpan(0, Length).Slice(start, count);

    /// <summary>Forgets what was written and keeps the buffer.</summary>
    public void Clear() => Length = 0;

    /// <summary>Passes on what was written and forgets it, so that a large content goes out in pieces.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="pieceBytes">Nothing is passed on before so much was written.</param>
    public void MoveTo(IBufferWriter<byte> output, int pieceBytes = 0)
    {
        if (Length >= pieceBytes)
        {
            output.Write(Written);
            Clear();
        }
    }

    /// <summary>A copy of what was written.</summary>
    /// <returns>The bytes.</returns>
    public byte[] ToArray() => Written.ToArray();

    /// <inheritdoc/>
    public void Advance(int count) => Length += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(Length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(Length);
    }

    /// <summary>Writes one byte.</summary>
    /// <param name="value">The byte.</param>
    public void Byte(byte value)
    {
        Reserve(1);
        _buffer[Length++] = value;
    }

    /// <summary>Writes a truth value as one byte.</summary>
    /// <param name="value">The value.</param>
    public void Bool(bool value) => Byte(value ? (byte)1 : (byte)0);

    /// <summary>Writes an unsigned integer in 1 to 10 bytes.</summary>
    /// <param name="value">The integer.</param>
    public void VarUInt(ulong value)
    {
        Reserve(10);
        while (value >= 0x80)
        {
            _buffer[Length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[Length++] = (byte)value;
    }

    /// <summary>Writes a signed integer in 1 to 10 bytes, small ones in few (zigzag).</summary>
    /// <param name="value">The integer.</param>
    public void VarInt(long value) => VarUInt((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes 8 bytes.</summary>
    /// <param name="value">The integer.</param>
    public void UInt64(ulong value)
    {
        Reserve(8);
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(Length), value);
        Length += 8;
    }

    /// <summary>Writes bytes as they are, without their length.</summary>
    /// <param name="value">The bytes.</param>
    public void Raw(ReadOnlySpan<byte> value)
    {
        Reserve(value.Length);
        value.CopyTo(_buffer.AsSpan(Length));
        Length += value.Length;
    }

    /// <summary>Writes bytes with their length before them.</summary>
    /// <param name="value">The bytes.</param>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        VarUInt((uint)value.Length);
        Raw(value);
    }

    /// <summary>Writes a text as UTF-8 with its length in bytes before it.</summary>
    /// <param name="value">The text.</param>
    public void String(string value)
    {
        var count = Encoding.UTF8.GetByteCount(value);
        VarUInt((uint)count);
        Reserve(count);
        Length += Encoding.UTF8.GetBytes(value, _buffer.AsSpan(Length));
    }

    /// <summary>Writes a value with its kind before it.</summary>
    /// <param name="value">The value.</param>
    public void Value(Value value)
    {
        Byte((byte)value.Kind);
        switch (value.Kind)
        {
            case ValueKind.Bool:
                Bool(value.AsBool());
                break;
            case ValueKind.Long:
                VarInt(value.AsLong());
                break;
            case ValueKind.String:
                String(value.AsString());
                break;
            case ValueKind.Json:
                Bytes(value.AsJson());
                break;
            default:
                break;
        }
    }

    private void Reserve(int count)
    {
        if (_buffer.Length - Length < count)
        {
            Array.Resize(ref _buffer, Math.Max(checked(Length + count), (int)Math.Min(_buffer.Length * 2L, Array.MaxLength)));
        }
    }
}

/// <summary>
/// Reads what <see cref="WireWriter"/> wrote. Every length is checked against what is left before anything is allocated,
/// so damaged or hostile bytes cost no more memory than their own size.
/// </summary>
/// <param name="bytes">The bytes.</param>
public struct WireReader(ReadOnlyMemory<byte> bytes)
{
    private readonly ReadOnlyMemory<byte> _bytes = bytes;
    private int _position;

    /// <summary>The number of bytes not yet read.</summary>
    public readonly int Remaining => _bytes.Length - _position;

    /// <summary>The number of bytes read.</summary>
    public readonly int Position => _position;

    /// <summary>Reads one byte.</summary>
    /// <returns>The byte.</returns>
    /// <exception cref="WireFormatException">The bytes end too early.</exception>
    public byte Byte()
    {
        Need(1);
        return _bytes.Span[_position++];
    }

    /// <summary>Reads a truth value.</summary>
    /// <returns>The value.</returns>
    /// <exception cref="WireFormatException">The byte is neither 0 nor 1.</exception>
    public bool Bool() => Byte() switch
    {
        0 => false,
        1 => true,
        var other => throw new WireFormatException($"{other} is no truth value"),
    };

    /// <summary>Reads an unsigned integer.</summary>
    /// <returns>The integer.</returns>
    /// <exception cref="WireFormatException">The bytes end too early, or they are not the shortest ones for an integer of 64 bits.</exception>
    public ulong VarUInt()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Byte();
            if (shift == 63 && part > 1)
            {
                break;
            }

            value |= (ulong)(part & 0x7f) << shift;
            if (part == 0 && shift > 0)
            {
                // One value has one encoding, so that equal contents are equal bytes.
                throw new WireFormatException("an integer is longer than it must be");
            }

            if (part < 0x80)
            {
                return value;
            }
        }

        throw new WireFormatException("an integer has more than 64 bits");
    }

    /// <summary>Reads an unsigned integer of at most 63 bits.</summary>
    /// <returns>The integer.</returns>
    /// <exception cref="WireFormatException">As <see cref="VarUInt"/>, or it is larger.</exception>
    public long Number()
    {
        var number = VarUInt();
        return number <= long.MaxValue ? (long)number : throw new WireFormatException($"{number} is out of range");
    }

    /// <summary>Reads a signed integer.</summary>
    /// <returns>The integer.</returns>
    /// <exception cref="WireFormatException">As <see cref="VarUInt"/>.</exception>
    public long VarInt()
    {
        var value = VarUInt();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>Reads 8 bytes.</summary>
    /// <returns>The integer.</returns>
    /// <exception cref="WireFormatException">The bytes end too early.</exception>
    public ulong UInt64()
    {
        Need(8);
        var value = BinaryPrimitives.ReadUInt64LittleEndian(_bytes.Span[_position..]);
        _position += 8;
        return value;
    }

    /// <summary>Reads the number of items that follow.</summary>
    /// <param name="itemBytesMin">The fewest bytes that an item takes.</param>
    /// <returns>The number, at most as many as the remaining bytes can hold.</returns>
    /// <exception cref="WireFormatException">There are not enough bytes for so many.</exception>
    public int Count(int itemBytesMin)
    {
        var count = VarUInt();
        return count <= (ulong)(Remaining / Math.Max(itemBytesMin, 1))
            ? (int)count
            : throw new WireFormatException($"{count} items cannot be in {Remaining} bytes");
    }

    /// <summary>Reads bytes with their length before them, without copying them.</summary>
    /// <returns>A slice of the bytes being read.</returns>
    /// <exception cref="WireFormatException">The bytes end too early.</exception>
    public ReadOnlyMemory<byte> Bytes()
    {
        var length = Count(1);
        var slice = _bytes.Slice(_position, length);
        _position += length;
        return slice;
    }

    /// <summary>Reads a text.</summary>
    /// <returns>The text.</returns>
    /// <exception cref="WireFormatException">The bytes end too early or are not UTF-8.</exception>
    public string String()
    {
        var text = Bytes().Span;
        try
        {
            return StrictUtf8.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            throw new WireFormatException("a text is not UTF-8");
        }
    }

    /// <summary>Reads a value.</summary>
    /// <returns>The value, with arrays of its own.</returns>
    /// <exception cref="WireFormatException">The bytes are no value.</exception>
    public Value Value() => (ValueKind)Byte() switch
    {
        ValueKind.Null => Csmr.Value.Null,
        ValueKind.Bool => Csmr.Value.Of(Bool()),
        ValueKind.Long => Csmr.Value.Of(VarInt()),
        ValueKind.String => Csmr.Value.Of(String()),
        ValueKind.Json => Csmr.Value.OfJson(Bytes().ToArray()),
        var kind => throw new WireFormatException($"unknown kind of value {(byte)kind}"),
    };

    /// <summary>Requires that everything was read.</summary>
    /// <exception cref="WireFormatException">Bytes are left.</exception>
    public readonly void End()
    {
        if (Remaining > 0)
        {
            throw new WireFormatException($"{Remaining} bytes too many");
        }
    }

    private readonly void Need(int count)
    {
        if (Remaining < count)
        {
            throw new WireFormatException("the bytes end too early");
        }
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
