using System.Buffers.Binary;
using System.Text;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Fuzzing;

/// <summary>Makes bad inputs out of good ones. What it makes follows from the chance that it is given.</summary>
/// <param name="samples">Good inputs.</param>
/// <param name="words">Pieces of text that mean something to who reads the inputs.</param>
public sealed class InputMutator(IReadOnlyList<byte[]> samples, IReadOnlyList<string> words)
{
    private const int BytesMax = 1 << 17;

    private static readonly byte[] Edges = [0, 1, 0x7F, 0x80, 0xFF, (byte)'"', (byte)'{', (byte)'[', (byte)':', (byte)'\n'];

    private static readonly byte[][] NotUtf8 = [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xEF, 0xBB, 0xBF]];

    private static readonly string[] Numbers =
    [
        "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e999", "-0", "0.1e-400", "00", "1_000", "0x7fffffff", "1.",
        "999999999999999999999999999999999999999999999999999999999999999999999999999999",
    ];

    private static readonly string[] Openings = ["[", "{\"a\":", "{a: ", "- ", "{\"", "? ", "(", "!a ", "&a ", "\"", "|\n "];

    /// <summary>Makes an input.</summary>
    /// <param name="random">The chance.</param>
    /// <returns>The input.</returns>
    public byte[] Next(SimulationRandom random)
    {
        var input = samples[random.Below(samples.Count)];
        for (var edits = random.Chance(500) ? 1 : 1 + random.Below(4); edits > 0; edits--)
        {
            input = Edit(input, random);
        }

        return input.Length <= BytesMax ? input : input[..BytesMax];
    }

    private byte[] Edit(byte[] input, SimulationRandom random)
    {
        var at = random.Below(input.Length + 1);
        return random.Below(16) switch
        {
            0 => Change(input, at, (byte)(ByteAt(input, at) ^ (1 << random.Below(8)))),
            1 => Change(input, at, (byte)random.Below(256)),
            2 => Change(input, at, Edges[random.Below(Edges.Length)]),
            3 => input[..at],
            4 => Replace(input, at, random.Below(40), []),
            5 => Replace(input, at, 0, Slice(input, random)),
            6 => [.. input[..at], .. Slice(samples[random.Below(samples.Count)], random)],
            7 or 8 when words.Count > 0 => Replace(input, at, random.Below(12), Encoding.UTF8.GetBytes(words[random.Below(words.Count)])),
            9 => Replace(input, at, random.Below(4), HugeLength(random)),
            10 => Lines(input, random),
            11 => Replace(input, at, 0, NotUtf8[random.Below(NotUtf8.Length)]),
            12 => random.Chance(100) ? Deep(input, at, random) : Change(input, at, 0),
            13 => HugeNumber(input, at, random),
            14 => random.Chance(100) ? Replace(input, at, 0, Repeated(Slice(input, random), random)) : input[at..],
            _ => Replace(input, at, 8, Eight(random)),
        };
    }

    private static byte ByteAt(byte[] input, int at) => at < input.Length ? input[at] : (byte)0;

    private static byte[] Change(byte[] input, int at, byte value)
    {
        if (at >= input.Length)
        {
            return [.. input, value];
        }

        byte[] changed = [.. input];
        changed[at] = value;
        return changed;
    }

    private static byte[] Replace(byte[] input, int at, int length, ReadOnlySpan<byte> with) =>
        [.. input.AsSpan(0, at), .. with, .. input.AsSpan(Math.Min(at + length, input.Length))];

    private static byte[] Slice(byte[] input, SimulationRandom random)
    {
        var from = random.Below(input.Length + 1);
        return input[from..Math.Min(from + 1 + random.Below(200), input.Length)];
    }

    // A variable-length integer that is far too large, or as long as none can be.
    private static byte[] HugeLength(SimulationRandom random) => random.Below(4) switch
    {
        0 => [0xFF, 0xFF, 0xFF, 0xFF, 0x07],
        1 => [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        2 => [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        _ => [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    };

    private static byte[] Eight(SimulationRandom random)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, random.Chance(500) ? random.Next() : ulong.MaxValue >> random.Below(64));
        return bytes;
    }

    private static byte[] Deep(byte[] input, int at, SimulationRandom random)
    {
        var opening = Encoding.UTF8.GetBytes(Openings[random.Below(Openings.Length)]);
        return Replace(input, at, 0, Times(opening, 1 + random.Below(random.Chance(100) ? 20_000 : 60)));
    }

    private static byte[] Repeated(byte[] slice, SimulationRandom random) => Times(slice, 1 + random.Below(200));

    private static byte[] Times(byte[] piece, int count) => [.. Enumerable.Repeat(piece, count).SelectMany(static bytes => bytes)];

    // The digits at or behind a place are another number.
    private static byte[] HugeNumber(byte[] input, int at, SimulationRandom random)
    {
        var start = input.AsSpan(at).IndexOfAnyInRange((byte)'0', (byte)'9');
        start = start < 0 ? at : at + start;
        var length = input.AsSpan(start).IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return Replace(input, start, length < 0 ? input.Length - start : length, Encoding.UTF8.GetBytes(Numbers[random.Below(Numbers.Length)]));
    }

    private static byte[] Lines(byte[] input, SimulationRandom random)
    {
        var lines = new List<byte[]>();
        var from = 0;
        for (var i = 0; i < input.Length; i++)
        {
            if (input[i] == (byte)'\n' || i == input.Length - 1)
            {
                lines.Add(input[from..(i + 1)]);
                from = i + 1;
            }
        }

        if (lines.Count < 2)
        {
            return [.. input, .. input];
        }

        var (one, other) = (random.Below(lines.Count), random.Below(lines.Count));
        switch (random.Below(4))
        {
            case 0:
                lines.RemoveAt(one);
                break;
            case 1:
                lines.Insert(other, lines[one]);
                break;
            case 2:
                (lines[one], lines[other]) = (lines[other], lines[one]);
                break;
            default:
                lines[one] = [.. "    "u8, .. lines[one]];
                break;
        }

        return [.. lines.SelectMany(static line => line)];
    }
}
