using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// Judges every message at the moment it leaves its sender, from the sender's disk alone: what it says must be durable and
/// true, whatever the node believes.
/// </summary>
/// <param name="oracle">What is known of all replicas.</param>
/// <param name="probes">Where rare paths are counted.</param>
internal sealed class MessageAudit(GroupOracle oracle, Probes probes)
{
    /// <summary>A message leaves.</summary>
    /// <param name="sender">Its sender.</param>
    /// <param name="envelope">The message.</param>
    public void Leave(int sender, in Envelope envelope)
    {
        var acceptor = oracle.Acceptors[sender];
        if (envelope.Message is not (Hello or AgreedTo or FormedBy))
        {
            RequireVoter(sender, acceptor, envelope.Message);
        }

        switch (envelope.Message)
        {
            case Hello when !acceptor.HasIdentity:
                oracle.Fail("A2", $"r{sender} tells its incarnation before it is durable");
                break;
            case AgreedTo when !acceptor.HasAgreed:
                oracle.Fail("A2", $"r{sender} tells what it agreed to before that is durable");
                break;
            case FormedBy when !acceptor.IsFormed:
                oracle.Fail("A2", $"r{sender} tells that the group is formed before that is durable");
                break;
            case Prepare prepare:
                CheckOwnBallot(sender, acceptor, prepare.Ballot);
                acceptor.RoundMax = Math.Max(acceptor.RoundMax, prepare.Ballot.Round);
                break;
            case Promise promise:
                CheckPromise(sender, acceptor, promise);
                break;
            case Accept accept:
                CheckAccept(sender, acceptor, accept);
                break;
            case Accepted accepted:
                CheckAccepted(sender, acceptor, accepted);
                break;
            case Reject reject when reject.Promised > acceptor.AppendedPromise || reject.Promised <= reject.Ballot:
                oracle.Fail("A2", $"r{sender} rejects {reject.Ballot} for {reject.Promised}, having promised {acceptor.AppendedPromise}");
                break;
            case Truncated truncated:
                CheckOwnBallot(sender, acceptor, truncated.Ballot);
                CheckStart(sender, acceptor, truncated.Base);
                probes.Hit(Probe.Truncated);
                break;
            case PreVoteReply { IsGranted: false }:
                probes.Hit(Probe.PreVoteDenied);
                break;
            default:
                break;
        }
    }

    /// <summary>A message arrives at a replica that is up.</summary>
    /// <param name="receiver">The receiver.</param>
    /// <param name="message">The message.</param>
    public void Arrive(int receiver, Message message)
    {
        if (message is Reject)
        {
            probes.Hit(Probe.RejectReceived);
        }
        else if (message is TakeOver)
        {
            probes.Hit(Probe.HandOver);
        }

        if (message is not Accept accept)
        {
            return;
        }

        // The newest round that this replica may confirm in this ballot: it arrived before any higher promise.
        var acceptor = oracle.Acceptors[receiver];
        if (accept.Ballot >= acceptor.AppendedPromise)
        {
            var known = acceptor.ReadRound.Ballot == accept.Ballot ? acceptor.ReadRound.Round : 0;
            acceptor.ReadRound = (accept.Ballot, Math.Max(known, accept.Round));
        }
    }

    private void RequireVoter(int sender, AcceptorShadow acceptor, Message message)
    {
        if (acceptor.IsLost)
        {
            oracle.Fail("A2", $"r{sender} lost its disk and sends {message.GetType().Name}");
        }

        if (!acceptor.IsFormed)
        {
            oracle.Fail("A2", $"r{sender} sends {message.GetType().Name} before the formation is durable on its disk");
        }
    }

    private void CheckOwnBallot(int sender, AcceptorShadow acceptor, Ballot ballot)
    {
        if (ballot.Leader.Ordinal != sender)
        {
            oracle.Fail("A2", $"r{sender} uses the ballot {ballot} of another");
        }

        if (ballot > acceptor.DurablePromise)
        {
            oracle.Fail("A2", $"r{sender} uses its ballot {ballot} before its own promise of it is durable ({acceptor.DurablePromise} is)");
        }

        if (ballot.Round <= acceptor.EarlierRoundMax)
        {
            oracle.Fail("A2", $"r{sender} uses its ballot {ballot} again after a restart (it had used round {acceptor.EarlierRoundMax})");
        }
    }

    private void CheckPromise(int sender, AcceptorShadow acceptor, Promise promise)
    {
        if (promise.Ballot > acceptor.DurablePromise)
        {
            oracle.Fail("A2", $"r{sender} promises {promise.Ballot} before that is durable ({acceptor.DurablePromise} is)");
        }

        if (promise.ChosenUpTo.Number > oracle.ChosenPrefix)
        {
            oracle.Fail("A1", $"r{sender} tells that slots up to {promise.ChosenUpTo} are chosen; only those up to {oracle.ChosenPrefix} are");
        }

        if (promise.CoveredUpTo < promise.Last)
        {
            probes.Hit(Probe.PromiseInChunks);
        }

        if (oracle.OutcomesOnly)
        {
            return;
        }

        foreach (var entry in promise.Entries)
        {
            var vote = acceptor.Votes.Find(entry.Slot.Number, entry.Ballot);
            if (vote < 0 || acceptor.Votes[vote].Digest != Digests.OfPacked(entry.Entry))
            {
                oracle.Fail("A2", $"r{sender} promises {promise.Ballot} with slot {entry.Slot} in {entry.Ballot}, for which it did not vote so");
            }
        }

        CheckStart(sender, acceptor, promise.Base);
        for (var slot = Math.Max(promise.From.Number, promise.Base.Number + 1); slot <= acceptor.Votes.SlotMax; slot++)
        {
            CheckPromised(sender, acceptor, promise, slot);
        }
    }

    // S4: a log starts where a snapshot of its own replica ends, or before.
    private void CheckStart(int sender, AcceptorShadow acceptor, Slot start)
    {
        if (start.Number > acceptor.Base)
        {
            oracle.Fail("S4", $"r{sender} tells that its log starts behind slot {start}, having a base at slot {acceptor.Base}");
        }
    }

    // The vote that counts is the highest one below the ballot: later ones came after the promise.
    private void CheckPromised(int sender, AcceptorShadow acceptor, Promise promise, long slot)
    {
        var vote = acceptor.Votes.Head(slot);
        while (vote >= 0 && acceptor.Votes[vote].Ballot >= promise.Ballot)
        {
            vote = acceptor.Votes[vote].Previous;
        }

        if (vote < 0)
        {
            return;
        }

        var ballot = acceptor.Votes[vote].Ballot;
        if (slot > promise.Last.Number)
        {
            oracle.Fail("A2", $"r{sender} promises {promise.Ballot} up to slot {promise.Last} and keeps its vote for slot {slot} in {ballot} to itself");
        }

        if (slot <= promise.CoveredUpTo.Number && !Tells(promise.Entries, slot, ballot))
        {
            oracle.Fail("A2", $"r{sender} promises {promise.Ballot} and leaves out its vote for slot {slot} in {ballot}");
        }
    }

    private static bool Tells(ReadOnlySpan<AcceptedEntry> entries, long slot, Ballot ballot)
    {
        foreach (ref readonly var entry in entries)
        {
            if (entry.Slot.Number == slot && entry.Ballot >= ballot)
            {
                return true;
            }
        }

        return false;
    }

    private void CheckAccept(int sender, AcceptorShadow acceptor, Accept accept)
    {
        CheckOwnBallot(sender, acceptor, accept.Ballot);
        acceptor.RoundMax = Math.Max(acceptor.RoundMax, accept.Ballot.Round);
        if (accept.ChosenUpTo.Number > oracle.ChosenPrefix)
        {
            oracle.Fail("A1", $"r{sender} tells that slots up to {accept.ChosenUpTo} are chosen; only those up to {oracle.ChosenPrefix} are");
        }

        var last = accept.Entries.Length == 0 ? 0 : accept.First.Number + accept.Entries.Length - 1;
        if (!oracle.MayPropose(last, accept.Ballot))
        {
            oracle.Fail("A2", $"r{sender} leads in {accept.Ballot} without the promises of those who decide slot {last}");
        }

        for (var i = 0; i < accept.Entries.Length; i++)
        {
            oracle.Propose(accept.First.Number + i, accept.Ballot, accept.Entries[i]);
        }

        if (accept.Entries.Length > 0 && accept.First.Number + 8 <= oracle.ChosenPrefix)
        {
            probes.Hit(Probe.CatchUpFromFar);
        }
    }

    private void CheckAccepted(int sender, AcceptorShadow acceptor, Accepted accepted)
    {
        var from = Math.Max(oracle.ChosenPrefix, acceptor.Acknowledged.Ballot == accepted.Ballot ? acceptor.Acknowledged.UpTo : 0);
        for (var slot = from + 1; slot <= accepted.UpTo.Number; slot++)
        {
            if (acceptor.FindDurable(slot, accepted.Ballot) < 0 && !oracle.Find(slot).IsChosen)
            {
                oracle.Fail("A2", $"r{sender} acknowledges slots up to {accepted.UpTo} in {accepted.Ballot}; its vote for slot {slot} is not durable");
            }
        }

        if (accepted.UpTo.Number > from)
        {
            acceptor.Acknowledged = (accepted.Ballot, accepted.UpTo.Number);
        }

        var round = acceptor.ReadRound;
        if (accepted.Ballot > round.Ballot ? accepted.Round > 0 : accepted.Ballot == round.Ballot && accepted.Round > round.Round)
        {
            oracle.Fail("A6", $"r{sender} confirms round {accepted.Round} of {accepted.Ballot}, having seen round {round.Round} of {round.Ballot}");
        }
    }
}
