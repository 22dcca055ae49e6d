namespace Csmr.Replication.Paxos;

/// <summary>
/// Linearizable reads without a log entry (Ongaro 2014, §6.4): a read is answered when a quorum has confirmed the
/// leader's ballot in a round that began after the read arrived. The state then holds everything that was chosen before
/// the round, since a leader hands out chosen entries before it confirms reads. Rounds are shared by all reads at hand.
/// </summary>
internal sealed class ReadRounds(NodeOptions options)
{
    private readonly Queue<(long Round, List<long> Tokens)> _started = [];
    private List<long> _waiting = [];

    /// <summary>The newest round.</summary>
    public long Round { get; private set; }

    /// <summary>A read has arrived.</summary>
    public void Add(long token) => _waiting.Add(token);

    /// <summary>Begins a round for the reads at hand, unless enough are running.</summary>
    /// <returns>Whether one was begun: the leader must ask its peers now.</returns>
    public bool TryStart()
    {
        if (_waiting.Count == 0 || _started.Count >= options.ReadRoundsInFlightMax)
        {
            return false;
        }

        _started.Enqueue((++Round, _waiting));
        _waiting = [];
        return true;
    }

    /// <summary>A quorum has confirmed all rounds up to one.</summary>
    public void OnConfirmed(long round, List<long> ready)
    {
        while (_started.TryPeek(out var first) && first.Round <= round)
        {
            ready.AddRange(_started.Dequeue().Tokens);
        }
    }

    /// <summary>Gives all up: nothing was read.</summary>
    public void GiveUp(List<GivenUp> givenUp)
    {
        foreach (var token in _started.SelectMany(static started => started.Tokens).Concat(_waiting))
        {
            givenUp.Add(new GivenUp(token, GivenUpReason.NotLeader));
        }

        _started.Clear();
        _waiting = [];
    }
}
