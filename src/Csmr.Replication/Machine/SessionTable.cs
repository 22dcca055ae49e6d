namespace Csmr.Replication.Machine;

/// <summary>
/// Exactly once: the results of recent requests, part of the replicated state. A request carries the entry time after
/// which it must not be executed; its result is kept until then at least. So a repetition is answered from here, or comes
/// too late and is refused; it is never executed twice, whatever the callers' clocks say.
/// </summary>
internal sealed class SessionTable(SessionLimits limits)
{
    private readonly Dictionary<SessionId, Session> _sessions = [];
    private readonly PriorityQueue<SessionId, (long ExpiresAtMs, SessionId Session)> _expiries = new(ByTimeThenId);
    private int _results;

    private static IComparer<(long ExpiresAtMs, SessionId Session)> ByTimeThenId { get; } =
        Comparer<(long ExpiresAtMs, SessionId Session)>.Create(static (left, right) =>
            left.ExpiresAtMs != right.ExpiresAtMs ? left.ExpiresAtMs.CompareTo(right.ExpiresAtMs) : Compare(left.Session, right.Session));

    /// <summary>Decides what to do with a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="timeMs">The entry time.</param>
    /// <param name="reply">The answer, unless it is to be executed.</param>
    /// <returns>Whether it is to be executed (and then <see cref="Keep(in Command, Slot, Outcome)"/> called).</returns>
    public bool IsNew(in Command command, long timeMs, out CommandReply reply)
    {
        reply = default;
        if (timeMs >= command.ExpiresAtMs || command.ExpiresAtMs > timeMs + limits.RetentionMsMax)
        {
            reply = new CommandReply(CommandReplyKind.Expired, Slot.None, null);
            return false;
        }

        if (_sessions.TryGetValue(command.Id.Session, out var session))
        {
            if (session.Results.TryGetValue((command.Id.Sequence, command.Id.Step), out var kept))
            {
                reply = kept.Fingerprint == Fingerprint(command.Invocation.Span)
                    ? kept.Reply
                    : new CommandReply(CommandReplyKind.IdReused, Slot.None, null);
                return false;
            }

            if (command.Id.Sequence < session.AcknowledgedBelow)
            {
                reply = new CommandReply(CommandReplyKind.Superseded, Slot.None, null);
                return false;
            }
        }

        if (_results >= limits.ResultsMax)
        {
            reply = new CommandReply(CommandReplyKind.SessionsFull, Slot.None, null);
            return false;
        }

        return true;
    }

    /// <summary>What is kept of a request, whatever the time.</summary>
    /// <param name="id">The request.</param>
    /// <returns>The answer and the fingerprint of the content; null where nothing is kept.</returns>
    public (CommandReply Reply, ulong Fingerprint)? Find(RequestId id) =>
        _sessions.TryGetValue(id.Session, out var session) && session.Results.TryGetValue((id.Sequence, id.Step), out var kept)
            ? (kept.Reply, kept.Fingerprint)
            : null;

    /// <summary>Whether the caller has said that it has the answer to a request.</summary>
    /// <param name="id">The request.</param>
    /// <returns>Whether it has.</returns>
    public bool IsAcknowledged(RequestId id) => _sessions.TryGetValue(id.Session, out var session) && id.Sequence < session.AcknowledgedBelow;

    /// <summary>Keeps the result of a command that was executed, and drops those that its session has acknowledged.</summary>
    public void Keep(in Command command, Slot slot, Outcome outcome) =>
        Keep(command, Fingerprint(command.Invocation.Span), new CommandReply(CommandReplyKind.Replayed, slot, outcome));

    /// <summary>Keeps an answer under a request's id, and drops those that its session has acknowledged.</summary>
    /// <param name="command">The request.</param>
    /// <param name="fingerprint">The fingerprint of its content.</param>
    /// <param name="reply">How a repetition is to be answered.</param>
    public void Keep(in Command command, ulong fingerprint, in CommandReply reply)
    {
        if (!_sessions.TryGetValue(command.Id.Session, out var session))
        {
            session = new Session();
            _sessions.Add(command.Id.Session, session);
        }

        if (command.ExpiresAtMs > session.ExpiresAtMs)
        {
            session.ExpiresAtMs = command.ExpiresAtMs;
            if (!session.IsQueued)
            {
                session.IsQueued = true;
                _expiries.Enqueue(command.Id.Session, (command.ExpiresAtMs, command.Id.Session));
            }
        }

        _results += session.Results.ContainsKey((command.Id.Sequence, command.Id.Step)) ? 0 : 1;
        session.Results[(command.Id.Sequence, command.Id.Step)] = new Kept(fingerprint, reply);
        _results -= session.Acknowledge(command.AcknowledgedBelow);
    }

    /// <summary>Drops the sessions whose time is over.</summary>
    /// <param name="timeMs">The entry time.</param>
    public void Expire(long timeMs)
    {
        while (_expiries.TryPeek(out var id, out var expiry) && expiry.ExpiresAtMs <= timeMs)
        {
            _expiries.Dequeue();
            var session = _sessions[id];
            if (session.ExpiresAtMs > timeMs)
            {
                // Used again since it was queued: it stands in the queue once, with a time that is never too late.
                _expiries.Enqueue(id, (session.ExpiresAtMs, id));
            }
            else
            {
                _results -= session.Results.Count;
                _sessions.Remove(id);
            }
        }
    }

    /// <summary>Writes the table, sorted.</summary>
    public void Snapshot(WireWriter writer)
    {
        writer.VarUInt((uint)_sessions.Count);
        foreach (var (id, session) in _sessions.OrderBy(static pair => pair.Key, Comparer<SessionId>.Create(Compare)))
        {
            writer.UInt64(id.High);
            writer.UInt64(id.Low);
            writer.VarInt(session.ExpiresAtMs);
            writer.VarUInt((ulong)session.AcknowledgedBelow);
            writer.VarUInt((uint)session.Results.Count);
            foreach (var ((sequence, step), kept) in session.Results)
            {
                writer.VarUInt((ulong)sequence);
                writer.VarUInt((uint)step);
                writer.UInt64(kept.Fingerprint);
                CommandBatch.WriteReply(kept.Reply, writer);
            }
        }
    }

    /// <summary>FNV-1a, 64 bits: tells an id that was used for something else.</summary>
    public static ulong Fingerprint(ReadOnlySpan<byte> invocation)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var part in invocation)
        {
            hash = (hash ^ part) * 0x100000001B3UL;
        }

        return hash;
    }

    private static int Compare(SessionId left, SessionId right) =>
        left.High != right.High ? left.High.CompareTo(right.High) : left.Low.CompareTo(right.Low);

    private sealed record Kept(ulong Fingerprint, CommandReply Reply);

    private sealed class Session
    {
        public SortedDictionary<(long Sequence, int Step), Kept> Results { get; } = [];

        public long AcknowledgedBelow { get; private set; }

        public long ExpiresAtMs { get; set; }

        public bool IsQueued { get; set; }

        /// <summary>The caller has all results below a sequence.</summary>
        /// <returns>How many were dropped.</returns>
        public int Acknowledge(long below)
        {
            if (below <= AcknowledgedBelow)
            {
                return 0;
            }

            AcknowledgedBelow = below;
            var dropped = 0;
            while (Results.Count > 0)
            {
                var first = Results.First().Key;
                if (first.Sequence >= below)
                {
                    break;
                }

                Results.Remove(first);
                dropped++;
            }

            return dropped;
        }
    }
}
