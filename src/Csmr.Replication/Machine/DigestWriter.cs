using System.Buffers;

namespace Csmr.Replication.Machine;

/// <summary>Makes a digest (FNV-1a, 64 bits) of what is written, and keeps nothing of it.</summary>
internal sealed class DigestWriter : IBufferWriter<byte>
{
    private const int BufferBytes = 16 << 10;

    private byte[] _buffer = new byte[BufferBytes];

    /// <summary>The digest of all that was written so far.</summary>
    public ulong Digest { get; private set; } = 0xCBF29CE484222325UL;

    /// <inheritdoc/>
    public void Advance(int count)
    {
        var hash = Digest;
        foreach (var part in _buffer.AsSpan(0, count))
        {
            hash = (hash ^ part) * 0x100000001B3UL;
        }

        Digest = hash;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (sizeHint > _buffer.Length)
        {
            _buffer = new byte[sizeHint];
        }

        return _buffer;
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
