using System.Buffers.Binary;
using System.Numerics;

namespace Csmr.Storage.Format;

/// <summary>CRC-32C (Castagnoli), by the processor's own instruction where it has one. Finds every single flipped bit and burst of 32.</summary>
internal static class Crc32C
{
    /// <summary>The state before the first byte.</summary>
    public const uint Start = 0xFFFFFFFF;

    /// <summary>Takes bytes in.</summary>
    /// <param name="state">The state before.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The state after.</returns>
    public static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
        {
            state = BitOperations.Crc32C(state, value);
        }

        return state;
    }

    /// <summary>Takes an integer in.</summary>
    /// <param name="state">The state before.</param>
    /// <param name="value">The integer.</param>
    /// <returns>The state after.</returns>
    public static uint Append(uint state, ulong value) => BitOperations.Crc32C(state, value);

    /// <summary>The checksum of a state.</summary>
    /// <param name="state">The state.</param>
    /// <returns>The checksum.</returns>
    public static uint Finish(uint state) => ~state;

    /// <summary>The checksum of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The checksum.</returns>
    public static uint Of(ReadOnlySpan<byte> bytes) => Finish(Append(Start, bytes));
}
