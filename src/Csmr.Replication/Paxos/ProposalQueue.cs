namespace Csmr.Replication.Paxos;

/// <summary>The leader's proposals: those that wait for a slot, and those that have one and are not yet chosen.</summary>
internal sealed class ProposalQueue(NodeOptions options)
{
    private readonly Queue<(long Token, ReadOnlyMemory<byte> Proposal)> _waiting = [];
    private readonly Queue<(Slot Slot, long[] Tokens)> _placed = [];
    private readonly List<ReadOnlyMemory<byte>> _gathered = [];
    private long _waitingBytes;

    /// <summary>Whether none waits for a slot.</summary>
    public bool IsEmpty => _waiting.Count == 0;

    /// <summary>Lets a proposal wait for a slot.</summary>
    /// <returns>False if too much is waiting already.</returns>
    public bool TryAdd(long token, ReadOnlyMemory<byte> proposal)
    {
        if (_waiting.Count > 0 && _waitingBytes + proposal.Length > options.QueueBytesMax)
        {
            return false;
        }

        _waiting.Enqueue((token, proposal));
        _waitingBytes += proposal.Length;
        return true;
    }

    /// <summary>Packs as many waiting proposals into a slot's entry as fit.</summary>
    public byte[] Pack(Slot slot, long timeMs)
    {
        _gathered.Clear();
        var tokens = new List<long>();
        var bytes = 0L;
        while (_waiting.TryPeek(out var next) && (tokens.Count == 0 || bytes + next.Proposal.Length <= options.EntryBytesMax))
        {
            _waiting.Dequeue();
            tokens.Add(next.Token);
            _gathered.Add(next.Proposal);
            bytes += next.Proposal.Length;
        }

        _waitingBytes -= bytes;
        _placed.Enqueue((slot, [.. tokens]));
        return Entry.Pack(timeMs, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_gathered));
    }

    /// <summary>Takes out the tokens of a slot that is chosen; slots come in order.</summary>
    public IReadOnlyList<long> Take(Slot slot) =>
        _placed.TryPeek(out var first) && first.Slot == slot ? _placed.Dequeue().Tokens : [];

    /// <summary>Gives all up: what waits was not proposed, what has a slot may yet be chosen.</summary>
    public void GiveUp(List<GivenUp> givenUp)
    {
        foreach (var (_, tokens) in _placed)
        {
            foreach (var token in tokens)
            {
                givenUp.Add(new GivenUp(token, GivenUpReason.LeadershipLost));
            }
        }

        foreach (var (token, _) in _waiting)
        {
            givenUp.Add(new GivenUp(token, GivenUpReason.NotLeader));
        }

        _placed.Clear();
        _waiting.Clear();
    }
}
