namespace Csmr.Replication.Machine;

/// <summary>
/// Exactly once: the results of recent requests, part of the replicated state. A request carries the entry time after
/// which it must not be executed; its result is kept until then at least. So a repetition is answered from here, or comes
/// too late and is refused; it is never executed twice, whatever the callers' clocks say.
/// </summary>
internal sealed class SessionTable(SessionLimits limits)
{
    private readonly OrderedMap<SessionId, Session> _sessions = new();

    // Each session stands here once, with a time that is never too late.
    private readonly PriorityQueue<SessionId, (long ExpiresAtMs, SessionId Session)> _expiries = new();
    private int _results;

    // The sessions that carry this very object are in no view and are changed in place.
    private object _owner = new();

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

        if (_sessions.TryGet(command.Id.Session, out var session))
        {
            if (session.Results.TryGet((command.Id.Sequence, command.Id.Step), out var kept))
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
        _sessions.TryGet(id.Session, out var session) && session.Results.TryGet((id.Sequence, id.Step), out var kept)
            ? (kept.Reply, kept.Fingerprint)
            : null;

    /// <summary>Whether the caller has said that it has the answer to a request.</summary>
    /// <param name="id">The request.</param>
    /// <returns>Whether it has.</returns>
    public bool IsAcknowledged(RequestId id) => _sessions.TryGet(id.Session, out var session) && id.Sequence < session.AcknowledgedBelow;

    /// <summary>Keeps the result of a command that was executed, and drops those that its session has acknowledged.</summary>
    public void Keep(in Command command, Slot slot, Outcome outcome) =>
        Keep(command, Fingerprint(command.Invocation.Span), new CommandReply(CommandReplyKind.Replayed, slot, outcome));

    /// <summary>Keeps an answer under a request's id, and drops those that its session has acknowledged.</summary>
    /// <param name="command">The request.</param>
    /// <param name="fingerprint">The fingerprint of its content.</param>
    /// <param name="reply">How a repetition is to be answered.</param>
    public void Keep(in Command command, ulong fingerprint, in CommandReply reply)
    {
        var session = Own(command.Id.Session);
        if (command.ExpiresAtMs > session.ExpiresAtMs)
        {
            if (session.ExpiresAtMs == 0)
            {
                _expiries.Enqueue(command.Id.Session, (command.ExpiresAtMs, command.Id.Session));
            }

            session.ExpiresAtMs = command.ExpiresAtMs;
        }

        var before = session.Results.Count;
        session.Results.Set((command.Id.Sequence, command.Id.Step), new Kept(fingerprint, reply));
        session.Acknowledge(command.AcknowledgedBelow);
        _results += session.Results.Count - before;
    }

    /// <summary>Drops the sessions whose time is over.</summary>
    /// <param name="timeMs">The entry time.</param>
    public void Expire(long timeMs)
    {
        while (_expiries.TryPeek(out var id, out var expiry) && expiry.ExpiresAtMs <= timeMs)
        {
            _expiries.Dequeue();
            if (_sessions.TryGet(id, out var session) && session.ExpiresAtMs > timeMs)
            {
                // Used again since it was queued.
                _expiries.Enqueue(id, (session.ExpiresAtMs, id));
            }
            else if (_sessions.Remove(id, out session))
            {
                _results -= session.Results.Count;
            }
        }
    }

    /// <summary>The table as of now, at once: from now on a session is copied when it is changed for the first time.</summary>
    public SessionsView Capture()
    {
        _owner = new object();
        return new SessionsView(_sessions.Copy());
    }

    /// <summary>Reads what <see cref="SessionsView.Write"/> wrote, into a table just made.</summary>
    /// <exception cref="WireFormatException">The bytes are no table.</exception>
    public void Restore(ref WireReader reader)
    {
        SessionId? last = null;
        for (var left = reader.Count(Session.BytesMin); left > 0; left--)
        {
            var id = new SessionId(reader.UInt64(), reader.UInt64());
            var session = Session.Read(ref reader, _owner);
            SnapshotRules.Require(last is null || last.Value.CompareTo(id) < 0, "the sessions are not in order");
            _sessions.Set(id, session);
            last = id;
            _results += session.Results.Count;
            if (session.ExpiresAtMs > 0)
            {
                _expiries.Enqueue(id, (session.ExpiresAtMs, id));
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

    /// <summary>A session that may be changed in place.</summary>
    private Session Own(SessionId id)
    {
        if (!_sessions.TryGet(id, out var session) || !ReferenceEquals(session.Owner, _owner))
        {
            session = session?.CopyFor(_owner) ?? new Session(_owner);
            _sessions.Set(id, session);
        }

        return session;
    }
}
