using Csmr.Replication.Ports;

namespace Csmr.Replication.Paxos;

/// <summary>
/// One replica of a Multi-Paxos group (acceptor, learner, and proposer when it leads) as pure code: each method is one
/// step; what is to be done appears in <see cref="Effects"/>. No clock, thread, task, file or network. Not thread-safe:
/// one step at a time, and the host takes the effects over before the next step.
/// </summary>
public sealed partial class PaxosNode
{
    private readonly Recorder _recorder;
    private readonly Acceptor _acceptor;
    private readonly Formation _formation;
    private readonly Election _election;
    private readonly CatchUp _catchUp;
    private Leadership? _leadership;
    private ReplicaId? _leader;
    private readonly GroupClock _clock = new();
    private Slot _delivered;
    private bool _isRemoved;

    /// <summary>Whose disk it is.</summary>
    /// <param name="recovered">What it holds.</param>
    /// <returns>The replica, and whether it is a witness; null for a new disk.</returns>
    public static (ReplicaId Id, bool IsWitness)? OwnerOf(IReadOnlyList<JournalRecord> recovered) => Formation.ReadOwner(recovered);

    /// <summary>Makes a node from what its disk holds.</summary>
    /// <param name="options">What it must know.</param>
    /// <param name="recovered">All durable records, in order; empty for a new disk.</param>
    /// <exception cref="InvalidOperationException">The disk is another replica's.</exception>
    public PaxosNode(NodeOptions options, IReadOnlyList<JournalRecord> recovered)
    {
        Options = options;
        _recorder = new Recorder(Effects);
        _acceptor = new Acceptor(options, _recorder, _clock, Send);
        _formation = new Formation(options, _recorder, Send);
        _catchUp = new CatchUp(options, _acceptor.Configurations, Effects, Send, UsefulFrom);
        _election = new Election(options, _acceptor, Send, Lack);
        foreach (var record in recovered)
        {
            _formation.Recover(record);
            _acceptor.Recover(record);
        }

        _acceptor.Recovered();
        if (_formation.MustJoin)
        {
            _formation.Join();
            Compact(_acceptor.Base, _acceptor.Configurations.Behind(_acceptor.Base));
        }

        _formation.Recovered();
        if (options.Snapshot is { } snapshot && _formation.IsMember)
        {
            Restart(snapshot);
        }

        _election.MayStand = MayStand;
    }

    /// <summary>What it was made with.</summary>
    public NodeOptions Options { get; }

    /// <summary>What the host has to do; cleared by the host.</summary>
    public Effects Effects { get; } = new();

    /// <summary>What it is doing.</summary>
    public NodeStatus Status => new(
        Role,
        _acceptor.Promised,
        _leadership is not null ? Options.Self : _leader,
        _leadership is { IsServing: true, IsHandingOver: false },
        _acceptor.Log.Last,
        _acceptor.ChosenUpTo);

    /// <summary>Who belongs to the group, as far as this node knows the log as chosen.</summary>
    public GroupConfiguration Configuration => _acceptor.Configurations.Current;

    /// <summary>What a new replica must know to join; null while the group is not formed.</summary>
    public JoinTicket? Ticket => _formation.IsMember ? _formation.Ticket : null;

    /// <summary>The group's time as this node reckons it, in milliseconds; 0 while it has heard of none.</summary>
    public long TimeMs => _clock.EstimateMs;

    /// <summary>
    /// S4: whether this replica has no state that its log goes on from: its snapshot is lost or damaged. It votes all the same, since
    /// votes stand on the log alone.
    /// </summary>
    private bool LacksState => !Options.IsWitness && _delivered < _acceptor.Log.Base;

    private bool MayStand => !Options.IsWitness && !LacksState && IsVoter;

    private bool IsVoter => !_isRemoved && Configuration.IsVoter(Options.Self);

    private NodeRole Role => _formation.IsOutcast ? NodeRole.Outcast
        : !_formation.IsMember ? NodeRole.Forming
        : _isRemoved ? NodeRole.Removed
        : IsVoter ? _election.Role : NodeRole.Learner;

    /// <summary>Time goes on by one tick. The first tick also hands out what is known as chosen from before a restart.</summary>
    /// <param name="now">The host's clocks: used for stamps only, never for safety.</param>
    public void Tick(HostTime now)
    {
        _clock.Set(now);
        _formation.OnTick();
        if (_formation.IsMember)
        {
            if (LacksState)
            {
                Lack(_acceptor.Log.Base);
            }

            _catchUp.OnTick();
            _election.OnTick();
            if (_leadership is not null && !_leadership.OnTick())
            {
                _election.Follow();
            }
        }

        Settle();
    }

    /// <summary>A message has arrived.</summary>
    /// <param name="from">From whom.</param>
    /// <param name="message">The message.</param>
    public void Receive(ReplicaId from, Message message)
    {
        if (from.Ordinal < 0 || from == Options.Self)
        {
            return;
        }

        switch (message)
        {
            case Hello hello:
                _formation.OnHello(from, hello);
                break;
            case AgreedTo agreed:
                _formation.OnAgreedTo(from, agreed);
                break;
            case FormedBy formed:
                _formation.OnFormedBy(formed);
                break;
            default:
                if (_formation.IsMember)
                {
                    Dispatch(from, message);
                }

                break;
        }

        Settle();
    }

    /// <summary>Asks for a proposal to get a slot. It ends in <see cref="Effects.Deliveries"/> or in <see cref="Effects.GivenUp"/>.</summary>
    /// <param name="token">The host's name for it, unique while it is open, over reads too.</param>
    /// <param name="proposal">A packed batch of commands; not to be changed afterwards.</param>
    /// <param name="now">The host's clocks.</param>
    public void Propose(long token, ReadOnlyMemory<byte> proposal, HostTime now)
    {
        _clock.Set(now);
        if (_leadership is null)
        {
            Effects.GivenUp.Add(new GivenUp(token, GivenUpReason.NotLeader));
            return;
        }

        _leadership.Propose(token, proposal);
        Settle();
    }

    /// <summary>
    /// Asks for another configuration. It ends in <see cref="Effects.Deliveries"/>, with its token, when it holds, or in
    /// <see cref="Effects.GivenUp"/>.
    /// </summary>
    /// <param name="token">The host's name for it, unique while it is open.</param>
    /// <param name="next">The next configuration, made from <see cref="Configuration"/>.</param>
    /// <param name="now">The host's clocks.</param>
    /// <returns>Why it is refused, in which case nothing is done; null where it is proposed.</returns>
    public string? Change(long token, GroupConfiguration next, HostTime now)
    {
        _clock.Set(now);
        var reason = _leadership is null ? "this replica does not lead" : _leadership.Change(token, next);
        Settle();
        return reason;
    }

    /// <summary>Asks for a linearizable read. It ends in <see cref="Effects.ReadyReads"/> or in <see cref="Effects.GivenUp"/>.</summary>
    /// <param name="token">The host's name for it.</param>
    public void Read(long token)
    {
        if (_leadership is null)
        {
            Effects.GivenUp.Add(new GivenUp(token, GivenUpReason.NotLeader));
            return;
        }

        _leadership.Read(token);
        Settle();
    }

    /// <summary>All records up to a number are durable.</summary>
    /// <param name="recordsUpTo">The number, from <see cref="Effects.RecordsUpTo"/>. Calls may come late and out of order.</param>
    public void Persisted(long recordsUpTo)
    {
        _recorder.Persisted(recordsUpTo);
        _formation.OnDurable();
        _acceptor.OnDurable();
        _election.OnDurable();
        Settle();
        _leadership?.OnDurable();
        Settle();
    }

    /// <summary>Hands leadership to an up-to-date peer, if this node leads. New proposals are given up from here on.</summary>
    /// <param name="to">To whom; null for anybody.</param>
    public void HandOver(ReplicaId? to = null)
    {
        _leadership?.HandOver(to);
        Settle();
    }

    /// <summary>
    /// The host has a sign that a replica's process is gone, such as a refused connection. If it is the leader, this node does not wait for the
    /// whole election time. Only a hint, for speed: a wrong one costs an election where a quorum believes it, and nothing otherwise (L2).
    /// </summary>
    /// <param name="replica">The replica.</param>
    public void Suspect(ReplicaId replica)
    {
        if (_leadership is null && _leader == replica)
        {
            _election.OnLeaderSuspected();
        }
    }

    /// <summary>Nobody has taken the leadership over: this node goes on.</summary>
    public void KeepLeadership() => _leadership?.Keep();

    private void Dispatch(ReplicaId from, Message message)
    {
        switch (message)
        {
            case PreVote preVote:
                _election.OnPreVote(from, preVote);
                break;
            case PreVoteReply reply:
                _election.OnPreVoteReply(from, reply);
                break;
            case Prepare prepare when prepare.Ballot.Leader == from:
                OnPrepare(from, prepare);
                break;
            case Promise promise:
                _election.OnPromise(from, promise);
                break;
            case Accept accept when accept.Ballot.Leader == from:
                OnAccept(from, accept);
                break;
            case Accepted accepted when accepted.Ballot == _leadership?.Ballot:
                _leadership.OnAccepted(from, accepted);
                break;
            case Reject reject:
                OnReject(reject);
                break;
            case Truncated truncated when truncated.Ballot == _acceptor.Promised && truncated.Ballot.Leader == from:
                if (truncated.Base > _acceptor.ChosenUpTo)
                {
                    Lack(truncated.Base);
                }

                break;
            case Removed:
                // Ids are never used twice: who was a member once, and is none, will never be one again.
                _isRemoved = true;
                break;
            case SnapshotAsk ask:
                Effects.SnapshotReads.Add(new SnapshotRead(from, ask));
                break;
            case SnapshotPart part:
                _catchUp.OnPart(from, part);
                break;
            case TakeOver takeOver when takeOver.Ballot == _acceptor.Promised && takeOver.Ballot.Leader == from:
                _election.Stand();
                break;
            default:
                // Late: of a ballot that is over.
                break;
        }
    }

    private void OnPrepare(ReplicaId from, Prepare prepare)
    {
        _election.OnBallotSeen(prepare.Ballot);
        if (prepare.Ballot > _acceptor.Promised)
        {
            _leader = null;
            _election.OnLeaderHeard();
        }

        _acceptor.OnPrepare(from, prepare);
    }

    private void OnAccept(ReplicaId from, Accept accept)
    {
        _election.OnBallotSeen(accept.Ballot);
        if (accept.Ballot >= _acceptor.Promised)
        {
            // A leader's ballot is its own: only a lower one can be deposed by this message.
            Invariant.Require(accept.Ballot != _leadership?.Ballot, "A1");
            _leader = from;
            _election.OnLeaderHeard();
            _clock.Hear(accept.Ballot, accept.TimeMs);
        }

        _acceptor.OnAccept(from, accept);
    }

    private void OnReject(Reject reject)
    {
        _election.OnBallotSeen(reject.Promised);
        if (reject.Ballot == _election.Ballot && reject.Promised > reject.Ballot && _election.Role is NodeRole.Candidate or NodeRole.Leader)
        {
            _election.Follow();
        }
    }

    /// <summary>Begins or ends the leadership as the election says, then hands out what is newly chosen.</summary>
    private void Settle()
    {
        _election.MayStand = MayStand;
        var isOver = _leadership is { IsOver: true };
        if (isOver || (!_election.MayStand && _election.Role != NodeRole.Follower))
        {
            _election.Follow();
        }

        if (_leadership is not null && _election.Role != NodeRole.Leader)
        {
            _leadership.End();
            _leadership = null;
            _leader = null;
        }
        else if (_leadership is null && _election.Role == NodeRole.Leader)
        {
            _clock.Lead(_election.PromisedTimeMs);
            _leadership = new Leadership(Options, _acceptor, _election, _clock, Effects, Send);
        }

        for (; !LacksState && _delivered < _acceptor.ChosenUpTo; _delivered = _delivered.Next)
        {
            Deliver(_delivered.Next);
        }

        if (_catchUp.IsActive && !LacksState)
        {
            // A witness executes nothing: it wants the snapshot itself.
            _catchUp.Have(Options.IsWitness ? _acceptor.Base : _delivered);
        }

        if (isOver)
        {
            // A7: the voters behind the configuration are asked in a new ballot.
            _election.Stand();
        }
    }

    private void Deliver(Slot slot)
    {
        var tokens = _leadership?.TokensOf(slot) ?? [];
        if (!Options.IsWitness)
        {
            Effects.Deliveries.Add(new Delivery(slot, Entry.Read(_acceptor.Log.EntryOf(slot)), tokens));
        }
    }

    private void Send(ReplicaId to, Message message) => Effects.Messages.Add(new Envelope(to, message));
}
