namespace Csmr.Replication.Paxos;

/// <summary>
/// How a replica becomes leader: after a randomised silence it asks whether a quorum would vote for it (pre-vote, Ongaro
/// 2014, §9.6), then runs phase 1 once over all slots that it does not know as chosen ("Paxos Made Simple", §3).
/// </summary>
internal sealed class Election
{
    /// <summary>Random ticks before the first election of a freshly started replica.</summary>
    private const int FirstElectionTicksMax = 8;

    /// <summary>Random ticks before the election when the leader seems to be gone: few, and seldom the same for two replicas.</summary>
    private const int SuspicionTicksMax = 3;

    private readonly NodeOptions _options;
    private readonly Acceptor _acceptor;
    private readonly Action<ReplicaId, Message> _send;
    private readonly Dictionary<Slot, AcceptedEntry> _found = [];
    private SplitMix _random;

    /// <summary>A7: whose votes count, from asking for them to the end: the voters of the configuration that was known as chosen then.</summary>
    private VoterRound _round;
    private int _silenceTicks;
    private int _timeoutTicks;
    private int _resendTicks;
    private bool _isPrepareSent;
    private long _roundSeen;
    private Ballot _ballot;

    /// <summary>A peer's log starts behind what is known as chosen here: who lacks entries that are gone cannot lead (S4).</summary>
    private readonly Action<Slot> _onBehind;

    public Election(NodeOptions options, Acceptor acceptor, Action<ReplicaId, Message> send, Action<Slot> onBehind)
    {
        _onBehind = onBehind;
        _options = options;
        _acceptor = acceptor;
        _send = send;
        _round = new VoterRound(acceptor.Configurations.Current, Slot.None);
        _random = new SplitMix(options.Seed);
        _timeoutTicks = _random.Next(1, FirstElectionTicksMax);

        // No leader was heard yet, so nobody is deposed by a vote.
        _silenceTicks = options.ElectionTicksMin;
    }

    /// <summary>Follower, pre-candidate, candidate or leader.</summary>
    public NodeRole Role { get; private set; } = NodeRole.Follower;

    /// <summary>Whether this replica may lead: it executes, and it has a state that its log goes on from.</summary>
    public bool MayStand { get; set; }

    /// <summary>The ballot in which this replica stands or leads.</summary>
    public Ballot Ballot => _ballot;

    /// <summary>For a peer that promised: up to where it knew the log as chosen.</summary>
    public Slot? ChosenAt(ReplicaId peer) => _round.Find(peer)?.ChosenUpTo;

    /// <summary>The entry to propose again for each slot above the chosen prefix; slots without one get a no-op.</summary>
    public IReadOnlyDictionary<Slot, AcceptedEntry> Found => _found;

    /// <summary>The furthest time of the group that a peer which promised reckons with, in milliseconds; 0 for none.</summary>
    public long PromisedTimeMs { get; private set; }

    /// <summary>The leader of the current ballot was heard.</summary>
    public void OnLeaderHeard()
    {
        _silenceTicks = 0;
        Follow();
    }

    /// <summary>
    /// L2: there is a sign that the leader is gone. Nobody is deposed by a vote any more, and this replica stands soon; unless the leader is heard again.
    /// </summary>
    public void OnLeaderSuspected()
    {
        _silenceTicks = Math.Max(_silenceTicks, _options.ElectionTicksMin);
        if (Role == NodeRole.Follower)
        {
            _timeoutTicks = Math.Min(_timeoutTicks, _random.Next(1, SuspicionTicksMax));
        }
    }

    /// <summary>Goes back to following, whatever it was doing.</summary>
    public void Follow()
    {
        Role = NodeRole.Follower;
        _timeoutTicks = _random.Next(_options.ElectionTicksMin, _options.ElectionTicksMax);
        _found.Clear();
    }

    /// <summary>Another replica uses a round: the next own ballot is above it.</summary>
    public void OnBallotSeen(Ballot ballot) => _roundSeen = Math.Max(_roundSeen, ballot.Round);

    /// <summary>Time goes on.</summary>
    public void OnTick()
    {
        _silenceTicks++;
        if (Role == NodeRole.Leader || !MayStand)
        {
            return;
        }

        if (--_timeoutTicks <= 0)
        {
            AskForVotes();
        }
        else if (Role == NodeRole.Candidate && _isPrepareSent && --_resendTicks <= 0)
        {
            SendPrepares();
        }
    }

    /// <summary>Another replica asks whether this one would vote for it.</summary>
    public void OnPreVote(ReplicaId from, PreVote preVote)
    {
        var known = _acceptor.Configurations.Current;
        var isRemoved = from.Ordinal < known.NextId && known.Find(from) is null;
        if (isRemoved)
        {
            _send(from, new Removed(known.Number));
        }

        var isGranted = Role != NodeRole.Leader
            && !isRemoved
            && _silenceTicks >= _options.ElectionTicksMin
            && preVote.Ballot > _acceptor.Promised
            && preVote.ChosenUpTo >= _acceptor.Log.Base;
        _send(from, new PreVoteReply(preVote.Ballot, isGranted, _acceptor.Promised, _acceptor.Log.Base));
    }

    /// <summary>An answer to the own question.</summary>
    public void OnPreVoteReply(ReplicaId from, PreVoteReply reply)
    {
        OnBallotSeen(reply.Promised);
        if (reply.Base > _acceptor.ChosenUpTo)
        {
            _onBehind(reply.Base);
        }

        if (Role != NodeRole.PreCandidate || reply.Ballot != _ballot || !reply.IsGranted)
        {
            return;
        }

        _round.Grant(from);
        if (_round.IsGranted)
        {
            Stand();
        }
    }

    /// <summary>Begins phase 1 in a new ballot of its own, without asking before.</summary>
    public void Stand()
    {
        if (!MayStand)
        {
            return;
        }

        Role = NodeRole.Candidate;
        _ballot = NextBallot();
        _timeoutTicks = _random.Next(_options.ElectionTicksMin, _options.ElectionTicksMax);
        _isPrepareSent = false;
        PromisedTimeMs = 0;
        _found.Clear();
        _round = new VoterRound(_acceptor.Configurations.Current, _acceptor.ChosenUpTo.Next);
        _acceptor.Promise(_ballot);
        OnDurable();
    }

    /// <summary>More is durable. A ballot is used only when its promise is on disk: so it is never used twice.</summary>
    public void OnDurable()
    {
        if (Role != NodeRole.Candidate || _isPrepareSent || !_acceptor.IsPromiseDurable)
        {
            return;
        }

        Invariant.Require(_acceptor.Promised == _ballot, "A2");
        _isPrepareSent = true;
        for (var slot = _acceptor.ChosenUpTo.Next; slot <= _acceptor.Log.Last; slot = slot.Next)
        {
            if (_acceptor.Log.Has(slot))
            {
                Adopt(new AcceptedEntry(slot, _acceptor.Log.BallotOf(slot), _acceptor.Log.EntryOf(slot)));
            }
        }

        _round.Find(_options.Self)!.HasPromised = true;
        SendPrepares();
        LeadIfPromised();
    }

    /// <summary>A part of a peer's promise has arrived.</summary>
    public void OnPromise(ReplicaId from, Promise promise)
    {
        if (Role != NodeRole.Candidate || !_isPrepareSent || promise.Ballot != _ballot
            || _round.Find(from) is not { HasPromised: false } voter || promise.From > voter.Next)
        {
            return;
        }

        if (promise.Base > _acceptor.ChosenUpTo)
        {
            // What was chosen in between this peer cannot tell any more: its promise is none, but a quorum of others' may do.
            _onBehind(promise.Base);
            return;
        }

        foreach (var entry in promise.Entries)
        {
            if (entry.Slot > _acceptor.ChosenUpTo)
            {
                Adopt(entry);
            }
        }

        PromisedTimeMs = Math.Max(PromisedTimeMs, promise.TimeMs);
        voter.ChosenUpTo = promise.ChosenUpTo;
        voter.Next = promise.CoveredUpTo >= voter.Next ? promise.CoveredUpTo.Next : voter.Next;
        if (promise.CoveredUpTo < promise.Last)
        {
            _send(from, new Prepare(_ballot, voter.Next));
            return;
        }

        voter.HasPromised = true;
        LeadIfPromised();
    }

    private void AskForVotes()
    {
        Role = NodeRole.PreCandidate;
        _timeoutTicks = _random.Next(_options.ElectionTicksMin, _options.ElectionTicksMax);
        _ballot = NextBallot();
        _round = new VoterRound(_acceptor.Configurations.Current, Slot.None);
        _round.Grant(_options.Self);
        foreach (var voter in _round.Voters)
        {
            if (voter.Id != _options.Self)
            {
                _send(voter.Id, new PreVote(_ballot, _acceptor.ChosenUpTo));
            }
        }

        if (_round.IsGranted)
        {
            Stand();
        }
    }

    private Ballot NextBallot() => new(Math.Max(_roundSeen, _acceptor.Promised.Round) + 1, _options.Self);

    private void SendPrepares()
    {
        _resendTicks = _options.ResendTicks;
        foreach (var voter in _round.Voters)
        {
            if (!voter.HasPromised)
            {
                _send(voter.Id, new Prepare(_ballot, voter.Next));
            }
        }
    }

    /// <summary>Keeps, for each slot, the entry of the highest ballot: the only one that may have been chosen.</summary>
    private void Adopt(in AcceptedEntry entry)
    {
        if (!_found.TryGetValue(entry.Slot, out var known) || known.Ballot < entry.Ballot)
        {
            _found[entry.Slot] = entry;
        }
    }

    private void LeadIfPromised()
    {
        if (!_round.IsPromised)
        {
            return;
        }

        if (_round.Configuration == _acceptor.Configurations.Current)
        {
            Role = NodeRole.Leader;
        }
        else
        {
            // A7: a snapshot came meanwhile, and with it another configuration: these voters do not decide any more.
            Follow();
        }
    }
}
