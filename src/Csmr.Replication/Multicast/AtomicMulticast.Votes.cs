using Csmr.Replication.Machine;

namespace Csmr.Replication.Multicast;

/// <content>The rounds of words about operations: who takes part, and when a timestamp is final (DESIGN §6, rules 1, 2 and 8).</content>
internal sealed partial class AtomicMulticast
{
    private readonly Dictionary<(RequestId Id, ulong Content), VoteRound> _rounds = [];

    /// <summary>The rounds that are not closed.</summary>
    public int OpenRounds => _rounds.Count;

    /// <summary>Another group says its word about an operation. Whoever has not said its own yet does so now.</summary>
    private void TakeWord(GroupId from, ChannelMessage word)
    {
        var (content, destinations) = word is Proposed proposed
            ? (Content(proposed.Command), proposed.Call.Destinations)
            : (((Voided)word).Content, ((Voided)word).Destinations);
        Invariant.Require(destinations.Contains(from) && destinations.Contains(_self), "M1");
        if (_rounds.TryGetValue((word.Id, content), out var round) && round.HasWordOf(from))
        {
            round.Early.Enqueue((from, word));
            return;
        }

        if (round is null)
        {
            _rounds.Add((word.Id, content), round = new VoteRound(destinations, content));
            Answer(round, word);
        }

        round.Hear(from, word);
        if (word is Voided voided)
        {
            Void(round, voided);
        }

        Close(round, word.Id);
    }

    /// <summary>This group's own word, as the answer to the first one that it hears: it takes part, or cannot (rule 8).</summary>
    private void Answer(VoteRound round, ChannelMessage word)
    {
        if (word is not Proposed proposed)
        {
            Say(round, word);
            return;
        }

        var command = proposed.Command;
        var read = Read(command);
        var objection = read is null ? CommandReplyKind.IdReused : Objection(command);
        if (objection is not null)
        {
            Void(round, new Voided(command.Id, round.Destinations, round.Content, objection.Value, proposed.RemainingMs));
            Say(round, new Voided(command.Id, round.Destinations, round.Content, objection.Value, proposed.RemainingMs));
            return;
        }

        var expiresAtMs = Math.Max(command.ExpiresAtMs, _timeMs + proposed.RemainingMs);
        Meet(command with { ExpiresAtMs = expiresAtMs }, read!.Value.Call, read.Value.Run, round);
    }

    /// <summary>Why this group cannot take part in an operation that another one has met; null where it can.</summary>
    private CommandReplyKind? Objection(in Command command)
    {
        // The same content: the other group has forgotten what was done, or voided, and began again.
        if (_open.TryGetValue(command.Id, out var open))
        {
            return Content(open.Command) == Content(command) ? CommandReplyKind.Expired : CommandReplyKind.IdReused;
        }

        if (_sessions.Find(command.Id) is { } kept)
        {
            return kept.Fingerprint == Content(command) ? CommandReplyKind.Expired : CommandReplyKind.IdReused;
        }

        return _sessions.IsAcknowledged(command.Id) ? CommandReplyKind.Superseded : null;
    }

    /// <summary>A group cannot take part, so the operation is executed nowhere: it holds nothing any more, and shall not be met when it comes late.</summary>
    private void Void(VoteRound round, Voided voided)
    {
        var reply = new CommandReply(voided.Reason, Slot.None, null);
        if (round.Composite is { } composite)
        {
            round.Composite = null;
            _order.Void(composite);
            _open.Remove(voided.Id);
            Released.Add((voided.Id, reply));
        }

        if (!_open.ContainsKey(voided.Id) && _sessions.Find(voided.Id) is null && !_sessions.IsAcknowledged(voided.Id))
        {
            var unmet = new Command(voided.Id, _timeMs + voided.RemainingMs, 0, false, ReadOnlyMemory<byte>.Empty, IsComposite: true);
            _sessions.Keep(unmet, voided.Content, reply);
        }
    }

    private void Say(VoteRound round, ChannelMessage word)
    {
        round.Hear(_self, word);
        Tell(round.Destinations, word);
    }

    /// <summary>Where all words are heard: an operation that none has voided has its final timestamp (rule 2).</summary>
    private void Close(VoteRound round, RequestId id)
    {
        if (!round.IsClosed)
        {
            return;
        }

        _rounds.Remove((id, round.Content));
        if (round.Composite is { } composite)
        {
            var final = round.Final;
            _clock = Math.Max(_clock, final.Clock);
            _order.Finalize(composite, final);
        }

        while (round.Early.TryDequeue(out var early))
        {
            TakeWord(early.From, early.Word);
        }
    }
}
