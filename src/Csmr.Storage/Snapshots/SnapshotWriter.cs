using System.Buffers;
using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Format;

namespace Csmr.Storage.Snapshots;

/// <summary>Writes a snapshot's file while its content is being made: no more than a frame is in memory.</summary>
internal sealed class SnapshotWriter : IBufferWriter<byte>
{
    /// <summary>In portions, so that a flush of the journal that runs meanwhile does not wait for all of it.</summary>
    public const int SyncEveryBytes = 8 * 1024 * 1024;

    private const int RoomBytesMin = 256;
    private const int Front = SnapshotFrame.HeaderBytes;

    private readonly IJournalFile _file;
    private readonly uint _snapshotCrc;
    private readonly int _frameBytes;

    // The header of a frame, then content.
    private byte[] _buffer = new byte[16 * 1024];
    private int _filled = Front;
    private long _offset;
    private long _syncedOffset;
    private long _contentBytes;
    private long _frameCount;
    private uint _contentState = Crc32C.Start;

    /// <summary>Begins a file.</summary>
    /// <param name="file">The file, empty.</param>
    /// <param name="header">The snapshot's header.</param>
    /// <param name="frameBytes">The size of the content of a full frame.</param>
    public SnapshotWriter(IJournalFile file, byte[] header, int frameBytes)
    {
        (_file, _snapshotCrc, _frameBytes) = (file, SnapshotHeader.CrcOf(header), frameBytes);
        Write(header);
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        _filled += count;
        while (_filled - Front >= _frameBytes)
        {
            WriteFrame(_frameBytes);
        }
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_filled);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_filled);
    }

    /// <summary>Writes the rest and makes all of it durable.</summary>
    public void Close()
    {
        if (_filled > Front)
        {
            WriteFrame(_filled - Front);
        }

        Span<byte> closing = stackalloc byte[Front + SnapshotFrame.ClosingBytes];
        SnapshotFrame.WriteClosing(closing[Front..], _contentBytes, _frameCount, Crc32C.Finish(_contentState));
        SnapshotFrame.Seal(closing, 0, _snapshotCrc, _offset);
        Write(closing);
        _file.Sync();
    }

    private void Reserve(int sizeHint)
    {
        var room = Math.Max(sizeHint, RoomBytesMin);
        if (_buffer.Length - _filled < room)
        {
            Array.Resize(ref _buffer, Math.Max(checked(_filled + room), Math.Min(2 * _buffer.Length, Front + SnapshotFrame.ContentBytesMax + RoomBytesMin)));
        }
    }

    private void WriteFrame(int size)
    {
        if (_contentBytes + size > SnapshotFrame.AllContentBytesMax)
        {
            throw new SnapshotException($"a snapshot of more than {SnapshotFrame.AllContentBytesMax} bytes cannot be loaded again; divide the state into more partitions");
        }

        var frame = _buffer.AsSpan(0, Front + size);
        _contentState = Crc32C.Append(_contentState, frame[Front..]);
        (_contentBytes, _frameCount) = (_contentBytes + size, _frameCount + 1);
        SnapshotFrame.Seal(frame, size, _snapshotCrc, _offset);
        Write(frame);
        _buffer.AsSpan(Front + size, _filled - Front - size).CopyTo(_buffer.AsSpan(Front));
        _filled -= size;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _file.Write(bytes, _offset);
        _offset += bytes.Length;
        if (_offset - _syncedOffset >= SyncEveryBytes)
        {
            _file.Sync();
            _syncedOffset = _offset;
        }
    }
}
