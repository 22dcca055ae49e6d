using System.Buffers.Binary;
using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// Holds a node to its word about proposals and reads that are all different: each ends once, what was "not proposed" is
/// never chosen, nothing is chosen twice.
/// </summary>
internal sealed class TokenLedger
{
    private readonly List<Token> _tokens = [];
    private readonly GroupOracle _oracle;

    /// <summary>Makes one.</summary>
    /// <param name="oracle">Who tells what is chosen.</param>
    public TokenLedger(GroupOracle oracle)
    {
        _oracle = oracle;
        oracle.OnChosen = Chosen;
    }

    private enum State : byte
    {
        Open,
        Lost,
        Done,
        NotDone,
        Unknown,
    }

    /// <summary>The number of proposals and reads that ended well.</summary>
    public long DoneCount { get; private set; }

    /// <summary>Starts again.</summary>
    public void Reset()
    {
        _tokens.Clear();
        DoneCount = 0;
    }

    /// <summary>Opens a token for a read.</summary>
    /// <param name="replica">Who is asked.</param>
    /// <returns>The token.</returns>
    public long OpenRead(SimulatedReplica replica)
    {
        _tokens.Add(new Token(replica.Ordinal, replica.Life, State.Open, IsRead: true, _oracle.AnsweredSlot, 0));
        return _tokens.Count;
    }

    /// <summary>Opens a token for a proposal, whose bytes are the token.</summary>
    /// <param name="replica">Who is asked.</param>
    /// <returns>The token.</returns>
    public long OpenProposal(SimulatedReplica replica)
    {
        _tokens.Add(new Token(replica.Ordinal, replica.Life, State.Open, IsRead: false, _oracle.AnsweredSlot, 0));
        return _tokens.Count;
    }

    /// <summary>An entry is handed out.</summary>
    /// <param name="replica">By whom.</param>
    /// <param name="delivery">The entry.</param>
    public void Delivered(SimulatedReplica replica, in Delivery delivery)
    {
        var tokens = delivery.Tokens;
        if (tokens.Count == 0)
        {
            return;
        }

        if (delivery.Entry.Configuration is not null && tokens.Count == 1)
        {
            Take(replica, tokens[0], State.Done, isRead: false);
            DoneCount++;
            return;
        }

        if (tokens.Count != delivery.Entry.Proposals.Length)
        {
            throw new ViolationException("H1", $"slot {delivery.Slot} has {delivery.Entry.Proposals.Length} proposals and {tokens.Count} tokens");
        }

        for (var i = 0; i < tokens.Count; i++)
        {
            if (BinaryPrimitives.ReadInt64LittleEndian(delivery.Entry.Proposals[i].Span) != tokens[i])
            {
                throw new ViolationException("H1", $"slot {delivery.Slot} has another proposal than token {tokens[i]} says");
            }

            var token = Take(replica, tokens[i], State.Done, isRead: false);
            if (delivery.Slot.Number <= token.Floor)
            {
                throw new ViolationException("A5", $"token {tokens[i]} is chosen at slot {delivery.Slot}, below slot {token.Floor}, answered before");
            }

            DoneCount++;
        }

        _oracle.Answer(delivery.Slot.Number);
    }

    /// <summary>A read is ready.</summary>
    /// <param name="replica">By whom.</param>
    /// <param name="number">Its token.</param>
    public void ReadReady(SimulatedReplica replica, long number)
    {
        var token = Take(replica, number, State.Done, isRead: true);
        _oracle.Read(replica.Ordinal, token.Floor, _oracle.Acceptors[replica.Ordinal].Delivered);
        DoneCount++;
    }

    /// <summary>A token is given up.</summary>
    /// <param name="replica">By whom.</param>
    /// <param name="givenUp">Which, and why.</param>
    /// <returns>Whether it was a read.</returns>
    public bool GivenUp(SimulatedReplica replica, in GivenUp givenUp)
    {
        var state = givenUp.Reason == GivenUpReason.LeadershipLost ? State.Unknown : State.NotDone;
        var token = Take(replica, givenUp.Token, state, isRead: null);
        if (state == State.NotDone && token.Slot > 0)
        {
            throw new ViolationException("H1", $"token {givenUp.Token} is given up as {givenUp.Reason} and is chosen at slot {token.Slot}");
        }

        return token.IsRead;
    }

    private Token Take(SimulatedReplica replica, long number, State state, bool? isRead)
    {
        var token = number >= 1 && number <= _tokens.Count ? _tokens[(int)number - 1] : default;
        if (token.State != State.Open || token.Replica != replica.Ordinal || token.Life != replica.Life || (isRead is { } read && token.IsRead != read))
        {
            throw new ViolationException("H1", $"r{replica.Ordinal} ends token {number} as {state}, which is {token.State} at r{token.Replica}");
        }

        _tokens[(int)number - 1] = token with { State = state };
        return token;
    }

    private void Chosen(long slot, ReadOnlyMemory<byte> packed)
    {
        foreach (var proposal in Entry.Read(packed).Proposals)
        {
            var index = (int)BinaryPrimitives.ReadInt64LittleEndian(proposal.Span) - 1;
            var token = _tokens[index];
            if (token.State == State.NotDone)
            {
                _oracle.Fail("H1", $"token {index + 1} was given up as not proposed and is chosen at slot {slot}");
            }

            if (token.Slot > 0)
            {
                _oracle.Fail("A5", $"token {index + 1} is chosen at slot {slot} and at slot {token.Slot}");
            }

            _tokens[index] = token with { Slot = slot };
        }
    }

    private readonly record struct Token(int Replica, int Life, State State, bool IsRead, long Floor, long Slot);
}
