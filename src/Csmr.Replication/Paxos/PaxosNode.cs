using Csmr.Replication.Ports;

namespace Csmr.Replication.Paxos;

/// <summary>
/// One replica of a Multi-Paxos group (acceptor, learner, and proposer when it leads) as pure code: each method is one
/// step; what is to be done appears in <see cref="Effects"/>. No clock, thread, task, file or network. Not thread-safe:
/// one step at a time, and the host takes the effects over before the next step.
/// </summary>
public sealed class PaxosNode
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
        _catchUp = new CatchUp(options, Effects, Send, UsefulFrom);
        _election = new Election(options, _acceptor, Send, Lack);
        foreach (var record in recovered)
        {
            _formation.Recover(record);
            _acceptor.Recover(record);
        }

        _acceptor.Recovered();
        _formation.Recovered();
        if (options.SnapshotSlot > Slot.None && _formation.IsMember)
        {
            Restart(options.SnapshotSlot);
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

    /// <summary>The group's time as this node reckons it, in milliseconds; 0 while it has heard of none.</summary>
    public long TimeMs => _clock.EstimateMs;

    /// <summary>
    /// S4: whether this replica has no state that its log goes on from: its snapshot is lost or damaged. It votes all the same, since
    /// votes stand on the log alone.
    /// </summary>
    private bool LacksState => !Options.IsWitness && _delivered < _acceptor.Log.Base;

    private bool MayStand => !Options.IsWitness && !LacksState;

    private NodeRole Role => _formation.IsOutcast ? NodeRole.Outcast : !_formation.IsMember ? NodeRole.Forming : _election.Role;

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
        if (from.Ordinal < 0 || from.Ordinal >= Options.Members.Count || from == Options.Self)
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

    /// <summary>The host wants to stop: hands leadership to an up-to-date peer, if this node leads. New proposals are given up from here on.</summary>
    public void HandOver()
    {
        _leadership?.HandOver();
        Settle();
    }

    /// <summary>A snapshot of this replica's own state is published: what it covers need not be kept (S1).</summary>
    /// <param name="slot">Its slot. Told again for the same one, it frees what the journal holds for this replica.</param>
    public void Compact(Slot slot)
    {
        // S1: nothing goes that this replica has not executed itself, or has as a witness from one that has.
        Invariant.Require(slot <= _delivered, "S1");
        _acceptor.Compact(slot, _formation.Pack());
        Settle();
    }

    /// <summary>A part of a snapshot is written.</summary>
    /// <param name="slot">The snapshot's slot.</param>
    /// <param name="offset">The first byte of its file that is missing: further on than the part's end where more was received before.</param>
    public void SnapshotReceived(Slot slot, long offset) => _catchUp.OnReceived(slot, offset);

    /// <summary>What was received of a snapshot is of no use, or could not be written: it begins again elsewhere.</summary>
    public void SnapshotRejected() => _catchUp.OnRejected();

    /// <summary>A snapshot from another replica is published here: the log goes on from it.</summary>
    /// <param name="slot">Its slot.</param>
    public void Install(Slot slot)
    {
        Restart(slot);
        _catchUp.OnInstalled(slot);
        Settle();
    }

    /// <summary>Asks for a newer snapshot than the own one: what a witness does, which makes none, when its log has grown.</summary>
    public void FetchSnapshot()
    {
        if (_formation.IsMember)
        {
            Lack(_acceptor.Base.Next);
        }
    }

    private Slot UsefulFrom() => Options.IsWitness ? _acceptor.Base.Next : LacksState ? _acceptor.Log.Base : _acceptor.ChosenUpTo.Next;

    private void Lack(Slot slot) => _catchUp.Need(slot, _leadership is null ? _leader : null);

    /// <summary>Goes on from a published snapshot, where that is ahead.</summary>
    private void Restart(Slot slot)
    {
        if (slot > _acceptor.Base)
        {
            _acceptor.Compact(slot, _formation.Pack());
        }

        if (slot > _delivered)
        {
            _delivered = slot;
            Effects.Restore = Options.IsWitness ? Slot.None : slot;
        }
    }

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
