using System.Buffers;

namespace Csmr.Replication.Machine;

/// <summary>
/// A state that is being brought, part by part, to take the place of the machine's (R2). Part of the replicated state; nobody sees
/// anything of it before.
/// </summary>
/// <param name="id">What it is brought for.</param>
/// <param name="create">Makes a machine in its first state.</param>
internal sealed class StagedState(string id, Func<IStateMachine> create)
{
    // A machine with items takes each part at once; for another one the pieces of its snapshot gather.
    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private IStateMachine? _machine;

    /// <summary>What it is brought for.</summary>
    public string Id { get; } = id;

    /// <summary>The number of parts that are there.</summary>
    public long Parts { get; private set; }

    /// <summary>Takes the next part.</summary>
    /// <exception cref="WireFormatException">The machine does not take it. Nothing of this state is of use any more.</exception>
    public void Load(ReadOnlyMemory<byte> part)
    {
        if ((_machine ??= create()) is IItemizedStateMachine itemized)
        {
            foreach (var item in StateCut.ReadItems(part))
            {
                itemized.Take(item);
            }
        }
        else
        {
            _pieces.Add(part);
        }

        Parts++;
    }

    /// <summary>The machine in the state that was brought.</summary>
    /// <exception cref="WireFormatException">The parts make no state.</exception>
    public IStateMachine Build()
    {
        _machine ??= create();
        if (_pieces.Count > 0)
        {
            _machine.Restore(Join(_pieces));
            _pieces.Clear();
        }

        return _machine;
    }

    /// <summary>The state as of now, to be written by any thread.</summary>
    public StagedView Capture() => new(Id, Parts, _pieces.Count > 0 ? [.. _pieces] : null, _pieces.Count > 0 ? null : _machine?.Capture());

    /// <summary>Reads what <see cref="StagedView.Write"/> wrote.</summary>
    /// <exception cref="WireFormatException">The bytes are no such state.</exception>
    public static StagedState Read(ref WireReader reader, Func<IStateMachine> create)
    {
        var staged = new StagedState(reader.String(), create) { Parts = reader.Number() };
        var isWhole = reader.Bool();
        var pieces = new List<ReadOnlyMemory<byte>>();
        for (var piece = reader.Bytes(); piece.Length > 0; piece = reader.Bytes())
        {
            pieces.Add(piece);
        }

        if (isWhole)
        {
            staged._machine = create();
            staged._machine.Restore(Join(pieces));
        }
        else
        {
            staged._pieces.AddRange(pieces.Select(static piece => (ReadOnlyMemory<byte>)piece.ToArray()));
        }

        return staged;
    }

    private static byte[] Join(List<ReadOnlyMemory<byte>> pieces)
    {
        var joined = new byte[pieces.Sum(static piece => (long)piece.Length)];
        var offset = 0;
        foreach (var piece in pieces)
        {
            piece.CopyTo(joined.AsMemory(offset));
            offset += piece.Length;
        }

        return joined;
    }
}

/// <summary>A staged state at one moment.</summary>
/// <param name="id">What it is brought for.</param>
/// <param name="parts">The number of parts that are there.</param>
/// <param name="pieces">The pieces of a snapshot that is not whole yet; null where there is a machine, or nothing.</param>
/// <param name="machine">The machine that has taken the parts.</param>
internal sealed class StagedView(string id, long parts, ReadOnlyMemory<byte>[]? pieces, IStateView? machine)
{
    /// <summary>Writes it: id, parts, whether a machine's snapshot follows, and that or the pieces, each with its size, then one of size 0.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        var writer = new WireWriter(256);
        writer.String(id);
        writer.VarUInt((ulong)parts);
        writer.Bool(machine is not null);
        foreach (var piece in pieces ?? [])
        {
            writer.Bytes(piece.Span);
            SnapshotRules.FlushPiece(writer, output);
        }

        writer.MoveTo(output);
        var framed = new PieceWriter(output);
        machine?.Write(framed);
        framed.End();
    }

    /// <summary>Passes on what is written in pieces with their sizes, since nobody knows beforehand how much it will be.</summary>
    private sealed class PieceWriter(IBufferWriter<byte> output) : IBufferWriter<byte>
    {
        private const int PieceBytes = 32 * 1024;

        private readonly WireWriter _piece = new(PieceBytes);
        private readonly WireWriter _framed = new(PieceBytes + 16);

        public void Advance(int count)
        {
            _piece.Advance(count);
            if (_piece.Length >= PieceBytes)
            {
                Flush();
            }
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _piece.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => _piece.GetSpan(sizeHint);

        public void End()
        {
            if (_piece.Length > 0)
            {
                Flush();
            }

            Flush();
        }

        private void Flush()
        {
            _framed.Clear();
            _framed.Bytes(_piece.Written);
            _framed.MoveTo(output);
            _piece.Clear();
        }
    }
}
