using System.Buffers;

namespace Csmr.Replication.Machine;

/// <summary>What is kept of a request. Immutable.</summary>
/// <param name="Fingerprint">The fingerprint of its content.</param>
/// <param name="Reply">How a repetition is to be answered.</param>
internal sealed record Kept(ulong Fingerprint, CommandReply Reply);

/// <summary>One session of a <see cref="SessionTable"/>. Once it is in a view it is not changed any more: its table goes on with a copy.</summary>
/// <param name="owner">The epoch of the table in which it may be changed in place.</param>
internal sealed class Session(object owner)
{
    /// <summary>The fewest bytes that a session takes in a snapshot, its id included.</summary>
    public const int BytesMin = 19;

    private const int ResultBytesMin = 12;

    /// <summary>The epoch of the table in which it may be changed in place.</summary>
    public object Owner { get; } = owner;

    /// <summary>What is kept of its requests.</summary>
    public OrderedMap<(long Sequence, int Step), Kept> Results { get; private init; } = new();

    /// <summary>The caller has all results below this sequence.</summary>
    public long AcknowledgedBelow { get; private set; }

    /// <summary>The latest expiry of its requests; until then everything is kept.</summary>
    public long ExpiresAtMs { get; set; }

    /// <summary>A copy that may be changed, at once.</summary>
    public Session CopyFor(object owner) =>
        new(owner) { Results = Results.Copy(), AcknowledgedBelow = AcknowledgedBelow, ExpiresAtMs = ExpiresAtMs };

    /// <summary>The caller has all results below a sequence: they are dropped.</summary>
    public void Acknowledge(long below)
    {
        if (below <= AcknowledgedBelow)
        {
            return;
        }

        AcknowledgedBelow = below;
        while (Results.TryFirst(out var first, out _) && first.Sequence < below)
        {
            Results.Remove(first);
        }
    }

    /// <summary>Writes it, without its id.</summary>
    public void Write(WireWriter writer, IBufferWriter<byte> output)
    {
        writer.VarInt(ExpiresAtMs);
        writer.VarUInt((ulong)AcknowledgedBelow);
        writer.VarUInt((uint)Results.Count);
        foreach (var ((sequence, step), kept) in Results.All())
        {
            writer.VarUInt((ulong)sequence);
            writer.VarUInt((uint)step);
            writer.UInt64(kept.Fingerprint);
            CommandBatch.WriteReply(kept.Reply, writer);
            SnapshotRules.FlushPiece(writer, output);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="WireFormatException">The bytes are no session.</exception>
    public static Session Read(ref WireReader reader, object owner)
    {
        var session = new Session(owner) { ExpiresAtMs = reader.VarInt(), AcknowledgedBelow = reader.Number() };
        SnapshotRules.Require(session.ExpiresAtMs >= 0, "a session ends before all time");
        (long, int)? last = null;
        for (var left = reader.Count(ResultBytesMin); left > 0; left--)
        {
            var (sequence, step) = (reader.Number(), reader.Number());
            SnapshotRules.Require(step <= int.MaxValue, $"there is no step {step}");
            var key = (sequence, (int)step);
            SnapshotRules.Require(last is null || last.Value.CompareTo(key) < 0, "the results of a session are not in order");
            var fingerprint = reader.UInt64();
            session.Results.Set(key, new Kept(fingerprint, CommandBatch.ReadReply(ref reader)));
            last = key;
        }

        return session;
    }
}

/// <summary>All sessions at one moment, to be written by any thread.</summary>
/// <param name="sessions">The sessions.</param>
internal sealed class SessionsView(OrderedMap<SessionId, Session> sessions)
{
    /// <summary>Writes them, in the order of their ids.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        var writer = new WireWriter();
        writer.VarUInt((uint)sessions.Count);
        foreach (var (id, session) in sessions.All())
        {
            writer.UInt64(id.High);
            writer.UInt64(id.Low);
            session.Write(writer, output);
            SnapshotRules.FlushPiece(writer, output);
        }

        writer.MoveTo(output);
    }
}
