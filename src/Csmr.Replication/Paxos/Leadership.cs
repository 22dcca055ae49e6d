namespace Csmr.Replication.Paxos;

/// <summary>
/// One leadership: phase 2 for every slot, from taking over in a ballot until a higher one is seen or the quorum is lost.
/// Proposals gather into entries while enough slots are in flight; each peer is fed from its own position.
/// </summary>
internal sealed partial class Leadership
{
    private readonly NodeOptions _options;
    private readonly Acceptor _acceptor;
    private readonly GroupClock _clock;
    private readonly Effects _effects;
    private readonly Action<ReplicaId, Message> _send;
    private readonly Dictionary<ReplicaId, PeerProgress> _peers = [];
    private readonly ProposalQueue _proposals;
    private readonly ReadRounds _reads;

    /// <summary>The first slot that is this ballot's own; no read is answered before it is chosen (A6).</summary>
    private readonly Slot _own = new(long.MaxValue);

    /// <summary>A7: nothing is proposed behind a configuration that is proposed and not known as chosen.</summary>
    private Slot _change;
    private long _changeToken;

    /// <summary>Whether the configuration in <see cref="_change"/> comes from a lower ballot.</summary>
    private bool _isAdopted;
    private GroupConfiguration _configuration;
    private ReplicaId? _successor;
    private ReplicaId[] _others;

    /// <summary>Takes over: proposes again what phase 1 found, fills holes with no-ops, and adds an entry of its own.</summary>
    public Leadership(
        NodeOptions options, Acceptor acceptor, Election election, GroupClock clock, Effects effects, Action<ReplicaId, Message> send)
    {
        _options = options;
        _acceptor = acceptor;
        _clock = clock;
        _effects = effects;
        _send = send;
        _configuration = acceptor.Configurations.Current;
        _others = Others();
        _proposals = new ProposalQueue(options);
        _reads = new ReadRounds(options);
        Ballot = election.Ballot;
        var noOp = Entry.Pack(clock.ReadMs(), []);
        var last = election.Found.Count == 0 ? acceptor.ChosenUpTo : election.Found.Keys.Max();
        for (var slot = acceptor.ChosenUpTo.Next; slot <= last && !_isAdopted; slot = slot.Next)
        {
            var entry = election.Found.TryGetValue(slot, out var found) ? found.Entry : noOp;
            acceptor.Accept(slot, entry);
            (_isAdopted, _change) = acceptor.Configurations.Takes(entry, out _) ? (true, slot) : (false, Slot.None);
        }

        if (!_isAdopted)
        {
            _own = last.Next;
            acceptor.Accept(_own, noOp);
        }

        foreach (var peer in _others)
        {
            if (election.ChosenAt(peer) is { } chosen)
            {
                _peers[peer].Start(chosen);
            }

            Replicate(peer, always: true);
        }
    }

    /// <summary>The ballot led.</summary>
    public Ballot Ballot { get; }

    /// <summary>Whether reads are answered: an entry of this ballot is chosen.</summary>
    public bool IsServing => _acceptor.ChosenUpTo >= _own;

    /// <summary>The last slot proposed in this ballot: there may be votes of lower ones behind a configuration that is proposed again.</summary>
    private Slot Last => _isAdopted ? _change : _acceptor.Log.Last;

    /// <summary>Whether it is about to go: it takes no more proposals.</summary>
    public bool IsHandingOver { get; private set; }

    /// <summary>
    /// A7: a configuration is chosen that this ballot only proposed again, or that a snapshot has brought. Behind it others decide, of
    /// whom no quorum has promised this ballot: this leadership is over. (One that this ballot proposed first was chosen in no lower
    /// one, so nobody proposed anything for its voters before: there is nothing that their promises could tell.)
    /// </summary>
    public bool IsOver => _acceptor.Configurations.Current != _configuration;

    /// <summary>Time goes on.</summary>
    /// <returns>Whether a quorum was heard within the election time; else the leadership must end.</returns>
    public bool OnTick()
    {
        foreach (var id in _others)
        {
            var peer = _peers[id];
            peer.SilenceTicks++;
            peer.QuietTicks++;
            if (peer.Next > peer.Reported.Next && ++peer.StuckTicks >= _options.ResendTicks)
            {
                peer.Resend();
            }

            Replicate(id, always: peer.QuietTicks >= _options.HeartbeatTicks);
        }

        return HeardOf(_configuration, _options.ElectionTicksMin) >= _configuration.Quorum;
    }

    /// <summary>A proposal wants a slot.</summary>
    public void Propose(long token, ReadOnlyMemory<byte> proposal)
    {
        if (IsHandingOver)
        {
            _effects.GivenUp.Add(new GivenUp(token, GivenUpReason.NotLeader));
        }
        else if (!_proposals.TryAdd(token, proposal))
        {
            _effects.GivenUp.Add(new GivenUp(token, GivenUpReason.Overloaded));
        }
        else
        {
            Fill();
        }
    }

    /// <summary>A read wants to be confirmed.</summary>
    public void Read(long token)
    {
        _reads.Add(token);
        ConfirmReads();
    }

    /// <summary>A peer has voted, or confirmed a round.</summary>
    public void OnAccepted(ReplicaId from, Accepted accepted)
    {
        if (!_peers.TryGetValue(from, out var peer))
        {
            return;
        }

        peer.OnAccepted(accepted);
        Count();
        if (_peers.ContainsKey(from))
        {
            Replicate(from, always: false);
        }

        TryHandOver();
    }

    /// <summary>This replica's own votes are durable.</summary>
    public void OnDurable() => Count();

    /// <summary>The tokens of the proposals in a slot that was just chosen.</summary>
    public IReadOnlyList<long> TokensOf(Slot slot)
    {
        if (slot != _change || _isAdopted)
        {
            return _proposals.Take(slot);
        }

        _change = Slot.None;
        return [_changeToken];
    }

    /// <summary>Plans to give the leadership to a peer that has everything.</summary>
    public void HandOver(ReplicaId? to)
    {
        (IsHandingOver, _successor) = (true, to);
        TryHandOver();
    }

    /// <summary>The leadership is not given away after all.</summary>
    public void Keep() => IsHandingOver = false;

    /// <summary>Ends it: whoever waits is told what is known.</summary>
    public void End()
    {
        if (_change > Slot.None && !_isAdopted)
        {
            _effects.GivenUp.Add(new GivenUp(_changeToken, GivenUpReason.LeadershipLost));
        }

        _proposals.GiveUp(_effects.GivenUp);
        _reads.GiveUp(_effects.GivenUp);
    }

    /// <summary>Counts votes: a slot is chosen when a quorum has it durable in this ballot (or knows it as chosen).</summary>
    private void Count()
    {
        var voters = _configuration.Voters;
        Span<long> votes = stackalloc long[voters.Count];
        Span<long> rounds = stackalloc long[voters.Count];
        for (var i = 0; i < voters.Count; i++)
        {
            var isSelf = voters[i] == _options.Self;
            votes[i] = isSelf ? _acceptor.DurablePrefix.Number : _peers[voters[i]].Voted.Number;
            rounds[i] = isSelf ? long.MaxValue : _peers[voters[i]].Round;
        }

        votes.Sort();
        rounds.Sort();
        var decisive = voters.Count - _configuration.Quorum;

        // Others may know more as chosen than is proposed again behind a configuration of a lower ballot.
        _acceptor.Learn(new Slot(_isAdopted ? Math.Min(votes[decisive], _change.Number) : votes[decisive]));
        if (_acceptor.Configurations.Current != _configuration)
        {
            if (!_isAdopted && _acceptor.Configurations.CurrentAt == _change)
            {
                Reconfigure();
            }

            return;
        }

        _reads.OnConfirmed(rounds[decisive], _effects.ReadyReads);
        Fill();
        ConfirmReads();
    }

    /// <summary>Puts waiting proposals into slots, as long as few enough are in flight.</summary>
    private void Fill()
    {
        var filled = false;
        while (_change <= _acceptor.ChosenUpTo && _acceptor.Log.Last.Number - _acceptor.ChosenUpTo.Number < _options.SlotsInFlightMax && !_proposals.IsEmpty)
        {
            var slot = _acceptor.Log.Last.Next;
            _acceptor.Accept(slot, _proposals.Pack(slot, _clock.ReadMs()));
            filled = true;
        }

        if (filled)
        {
            foreach (var peer in _others)
            {
                Replicate(peer, always: false);
            }
        }
    }

    private void ConfirmReads()
    {
        if (!IsServing || !_reads.TryStart())
        {
            return;
        }

        foreach (var peer in _others)
        {
            Replicate(peer, always: true);
        }

        if (_configuration.Quorum == 1)
        {
            _reads.OnConfirmed(long.MaxValue, _effects.ReadyReads);
        }
    }

    private void Replicate(ReplicaId id, bool always)
    {
        var peer = _peers[id];
        if (always && peer.Next <= _acceptor.Log.Base)
        {
            _send(id, new Truncated(Ballot, _acceptor.Log.Base));
        }

        var window = peer.IsProbing ? 1 : _options.PeerMessagesInFlightMax;
        var sent = false;
        while (peer.Next is { } next && next > _acceptor.Log.Base && next <= Last && peer.InFlight.Count < window)
        {
            var entries = Entries(next);
            peer.Next = new Slot(next.Number + entries.Length);
            peer.InFlight.Enqueue(new Slot(next.Number + entries.Length - 1));
            SendAccept(id, next, entries);
            sent = true;
        }

        if (always && !sent)
        {
            SendAccept(id, peer.Next ?? Slot.None.Next, []);
        }
    }

    private void SendAccept(ReplicaId id, Slot first, ReadOnlyMemory<byte>[] entries)
    {
        _peers[id].QuietTicks = 0;
        _send(id, new Accept(Ballot, first, entries, _acceptor.ChosenUpTo, _reads.Round, _clock.ReadMs()));
    }

    private ReadOnlyMemory<byte>[] Entries(Slot first)
    {
        var bytes = 0L;
        var count = 0;
        for (var slot = first; slot <= Last && (count == 0 || bytes < _options.MessageBytesMax); slot = slot.Next)
        {
            bytes += _acceptor.Log.EntryOf(slot).Length;
            count++;
        }

        var entries = new ReadOnlyMemory<byte>[count];
        for (var i = 0; i < count; i++)
        {
            entries[i] = _acceptor.Log.EntryOf(new Slot(first.Number + i));
        }

        return entries;
    }

    private void TryHandOver()
    {
        if (!IsHandingOver || !_proposals.IsEmpty)
        {
            return;
        }

        foreach (var member in _configuration.Members)
        {
            if (member.Id != _options.Self && (_successor ?? member.Id) == member.Id && member is { IsWitness: false, IsLearner: false } && _peers[member.Id].Reported >= Last)
            {
                _send(member.Id, new TakeOver(Ballot));
                return;
            }
        }
    }
}
