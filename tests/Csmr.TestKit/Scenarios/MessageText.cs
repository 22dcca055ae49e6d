using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Scenarios;

/// <summary>Messages, entries and records in short form, without what differs from run to run of no consequence (times).</summary>
/// <param name="nameOf">What a proposal is called.</param>
internal sealed class MessageText(Func<ReadOnlyMemory<byte>, string> nameOf)
{
    public string Of(Message message) => message switch
    {
        Hello => "Hello",
        AgreedTo => "AgreedTo",
        FormedBy => "FormedBy",
        PreVote preVote => $"PreVote {preVote.Ballot} chosen {preVote.ChosenUpTo}",
        PreVoteReply reply => $"PreVoteReply {reply.Ballot} {(reply.IsGranted ? "yes" : "no")}, promised {reply.Promised}",
        Prepare prepare => $"Prepare {prepare.Ballot} from {prepare.From}",
        Promise promise => Of(promise),
        Accept { Entries.Length: 0 } beat => $"Accept {beat.Ballot} heartbeat, chosen {beat.ChosenUpTo}, round {beat.Round}",
        Accept accept => Of(accept),
        Accepted accepted => $"Accepted {accepted.Ballot} up to {accepted.UpTo}, round {accepted.Round}",
        Reject reject => $"Reject {reject.Ballot}, promised {reject.Promised}",
        TakeOver takeOver => $"TakeOver {takeOver.Ballot}",
        _ => message.GetType().Name,
    };

    /// <summary>The content of a slot.</summary>
    public string OfEntry(ReadOnlyMemory<byte> packed) => OfEntry(Entry.Read(packed));

    /// <summary>The content of a slot.</summary>
    public string OfEntry(Entry entry) => entry.IsNoOp ? "no-op" : string.Join(" ", entry.Proposals.Select(proposal => nameOf(proposal)));

    private string Of(Promise promise)
    {
        var covered = promise.CoveredUpTo < promise.From ? "nothing" : $"{promise.From}..{promise.CoveredUpTo}";
        var entries = promise.Entries.Select(entry => $" {entry.Slot}@{entry.Ballot}={OfEntry(entry.Entry)}");
        return $"Promise {promise.Ballot} covers {covered} of {promise.Last}, chosen {promise.ChosenUpTo}{string.Concat(entries)}";
    }

    private string Of(Accept accept)
    {
        var entries = accept.Entries.Select((entry, i) => $" {accept.First.Number + i}={OfEntry(entry)}");
        return $"Accept {accept.Ballot}{string.Concat(entries)}, chosen {accept.ChosenUpTo}, round {accept.Round}";
    }
}
