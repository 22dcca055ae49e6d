using System.Security.Cryptography;
using Csmr.Replication.Ports;
using Csmr.Storage.Files;
using Csmr.Storage.Format;

namespace Csmr.Storage.Checkpoints;

/// <summary>Writes a checkpoint's file under a name that nobody sees.</summary>
internal sealed class CheckpointWriter : ICheckpointWriter
{
    /// <summary>In portions, so that a journal on the same disk does not wait for all of it at once.</summary>
    private const int SyncEveryBytes = 8 << 20;

    private readonly CheckpointStore _store;
    private readonly CheckpointHead _head;
    private readonly IJournalFile _file;
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly CheckpointTotal[] _totals;
    private readonly WireWriter _content = new(256 << 10);
    private readonly WireWriter _frame = new(256 << 10);
    private long _offset;
    private long _syncedOffset;

    /// <summary>Begins a file.</summary>
    /// <param name="store">The store.</param>
    /// <param name="head">What it says of itself.</param>
    /// <param name="file">The file, empty.</param>
    public CheckpointWriter(CheckpointStore store, CheckpointHead head, IJournalFile file)
    {
        (_store, _head, _file, _totals) = (store, head, file, new CheckpointTotal[head.Groups.Count]);
        _store.Guard(head.Id, () =>
        {
            Append(CheckpointFrame.Opening());
            Append(CheckpointFrame.Head, CheckpointCodec.Write(head));
        });
    }

    /// <inheritdoc/>
    public void Write(int group, ReadOnlySpan<byte> bytes)
    {
        _content.Clear();
        _content.VarUInt((uint)group);
        _content.Raw(bytes);
        _totals[group] = new CheckpointTotal(_totals[group].Parts + 1, _totals[group].Bytes + bytes.Length);
        _store.Guard(_head.Id, () => Append(CheckpointFrame.Part, _content.Written));
    }

    /// <inheritdoc/>
    public StoredCheckpoint Publish()
    {
        _store.Guard(_head.Id, () =>
        {
            var closing = CheckpointCodec.WriteClosing(_totals, _sha256.GetCurrentHash());
            Append(CheckpointFrame.Closing, closing);
            Append(CheckpointFrame.Footer(CheckpointFrame.HeaderBytes + closing.Length));
            _file.Sync();
        });
        return _store.Publish(_head.Id, _file);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sha256.Dispose();
        _file.Dispose();
        _store.Forget(_head.Id);
    }

    private void Append(byte kind, ReadOnlySpan<byte> content)
    {
        if (content.Length > CheckpointFrame.ContentBytesMax)
        {
            throw new CheckpointException($"checkpoint {_head.Id}: a single item has {content.Length} bytes; at most {CheckpointFrame.ContentBytesMax} can be kept");
        }

        CheckpointFrame.Seal(_frame, kind, _offset, content);
        Append(_frame.Written);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        _file.Write(bytes, _offset);
        _sha256.AppendData(bytes);
        _offset += bytes.Length;
        if (_offset - _syncedOffset >= SyncEveryBytes)
        {
            _file.Sync();
            _syncedOffset = _offset;
        }
    }
}
