using System.Buffers.Binary;
using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// Replicas that do what a schedule says and nothing else: messages wait until one is delivered or lost, records until
/// they are flushed. All is checked as in a walk.
/// </summary>
internal class DirectedGroup : IReplicaSurroundings
{
    private const int SparesOfSchedules = 2;

    /// <summary>How many bytes of a proposal are its token.</summary>
    protected const int TokenBytes = 8;

    private readonly GroupOracle _oracle = new(new Probes());
    private readonly TokenLedger _tokens;
    private readonly SimulatedReplica[] _replicas;
    private readonly List<(int From, int To, Message Message)> _messages = [];
    private readonly GroupSetup _setup;
    private readonly Dictionary<int, JoinTicket> _joins = [];
    private readonly Func<NodeOptions, NodeOptions> _adjust;
    private long _timeMs = 1_000_000;

    /// <summary>Makes a formed group of three whose replicas have just started.</summary>
    public DirectedGroup()
        : this(new GroupSetup(3, 0), isFormed: true, static options => options, SparesOfSchedules)
    {
        for (var i = 0; i < _setup.Replicas; i++)
        {
            Start(i);
        }
    }

    /// <summary>Makes a group whose replicas are down.</summary>
    /// <param name="setup">Its shape.</param>
    /// <param name="isFormed">Whether the disks are those of a formed group; else they are new.</param>
    /// <param name="adjust">Bounds other than those of the product.</param>
    /// <param name="spares">How many replicas may join.</param>
    protected DirectedGroup(GroupSetup setup, bool isFormed, Func<NodeOptions, NodeOptions> adjust, int spares = 0)
    {
        (_setup, _adjust) = (setup, adjust);
        _tokens = new TokenLedger(_oracle);
        _oracle.Reset(_setup.Members, outcomesOnly: false, spares);
        var audit = new MessageAudit(_oracle, new Probes());
        _replicas = [.. Enumerable.Range(0, _setup.Replicas + spares).Select(i => new SimulatedReplica(i, this, _oracle, audit, HostBug.None))];
        foreach (var replica in _replicas)
        {
            replica.Reset(isFormed && replica.Ordinal < _setup.Replicas ? _setup.Formed()[replica.Ordinal] : []);
        }
    }

    /// <summary>Ticks after which a leader that hears nobody has stepped down, and a follower that hears nobody has asked for votes.</summary>
    public int ElectionTicks { get; private set; }

    /// <summary>Messages for which this is true are lost when they are sent.</summary>
    public Func<int, int, bool> IsCut { get; set; } = static (_, _) => false;

    /// <summary>What a replica is doing.</summary>
    /// <param name="i">The replica.</param>
    /// <returns>Its state.</returns>
    public NodeStatus Status(int i) => _replicas[i].Status;

    /// <summary>The replicas.</summary>
    protected IReadOnlyList<SimulatedReplica> Replicas => _replicas;

    /// <summary>The messages that wait, oldest first.</summary>
    protected List<(int From, int To, Message Message)> Waiting => _messages;

    /// <inheritdoc/>
    public virtual void Appended(SimulatedReplica replica)
    {
    }

    /// <inheritdoc/>
    public virtual void Delivered(SimulatedReplica replica, in Delivery delivery) => _tokens.Delivered(replica, delivery);

    /// <inheritdoc/>
    public virtual void ReadReady(SimulatedReplica replica, long token) => _tokens.ReadReady(replica, token);

    /// <inheritdoc/>
    public virtual void GivenUp(SimulatedReplica replica, in GivenUp givenUp) => _tokens.GivenUp(replica, givenUp);

    /// <inheritdoc/>
    public bool Send(SimulatedReplica replica, in Envelope envelope)
    {
        if (!IsCut(replica.Ordinal, envelope.To.Ordinal))
        {
            _messages.Add((replica.Ordinal, envelope.To.Ordinal, envelope.Message));
        }

        return true;
    }

    /// <summary>Starts a replica from its disk.</summary>
    /// <param name="i">The replica.</param>
    public void Start(int i)
    {
        var options = _adjust(_setup.Options(i, (ulong)(2000 + (100 * _replicas[i].Life) + i), (ulong)i)) with { Joins = _joins.GetValueOrDefault(i) };
        ElectionTicks = options.ElectionTicksMax + 1;
        _replicas[i].Start(options);
    }

    /// <summary>Starts a replica that was no member, to join.</summary>
    /// <param name="i">The replica: the next id.</param>
    /// <param name="leader">Who tells it of the group.</param>
    public void Join(int i, int leader)
    {
        _joins[i] = _replicas[leader].Node!.Ticket!;
        Start(i);
        Flush(i);
    }

    /// <summary>The configuration that a replica knows.</summary>
    /// <param name="i">The replica.</param>
    /// <returns>The configuration.</returns>
    public GroupConfiguration Configuration(int i) => _replicas[i].Node!.Configuration;

    /// <summary>Asks a leader for another configuration.</summary>
    /// <param name="leader">The leader.</param>
    /// <param name="make">Makes it of the present one.</param>
    public void Change(int leader, Func<GroupConfiguration, GroupConfiguration> make) =>
        _replicas[leader].Change(() => _tokens.OpenProposal(_replicas[leader]), make(Configuration(leader)), Now());

    /// <summary>Crashes a replica: what was not flushed is gone.</summary>
    /// <param name="i">The replica.</param>
    public void Crash(int i) => _replicas[i].Crash(0);

    /// <summary>Time goes on for a replica.</summary>
    /// <param name="i">The replica.</param>
    /// <param name="ticks">How many ticks.</param>
    public void Tick(int i, int ticks = 1)
    {
        for (; ticks > 0; ticks--)
        {
            _replicas[i].Tick(Now());
        }
    }

    /// <summary>All that a replica has written is durable, and it hears so.</summary>
    /// <param name="i">The replica.</param>
    public virtual void Flush(int i)
    {
        var count = _replicas[i].Disk.Count;
        if (count > _replicas[i].Disk.DurableCount)
        {
            _replicas[i].Flush(count);
            _replicas[i].Persisted(count);
        }
    }

    /// <summary>Asks a replica to propose.</summary>
    /// <param name="i">The replica.</param>
    public void Propose(int i) => Propose(i, static _ => { }, []);

    /// <summary>Asks a replica to propose bytes, behind those of the token.</summary>
    /// <param name="i">The replica.</param>
    /// <param name="opened">Told the token before anything comes of it.</param>
    /// <param name="payload">The bytes.</param>
    protected void Propose(int i, Action<long> opened, ReadOnlySpan<byte> payload)
    {
        var proposal = new byte[TokenBytes + payload.Length];
        var token = _tokens.OpenProposal(_replicas[i]);
        opened(token);
        BinaryPrimitives.WriteInt64LittleEndian(proposal, token);
        payload.CopyTo(proposal.AsSpan(TokenBytes));
        _replicas[i].Propose(token, proposal, Now());
    }

    /// <summary>Asks a replica to read.</summary>
    /// <param name="i">The replica.</param>
    public void Read(int i) => Read(i, static _ => { });

    /// <summary>Asks a replica to read.</summary>
    /// <param name="i">The replica.</param>
    /// <param name="opened">Told the token before anything comes of it.</param>
    protected void Read(int i, Action<long> opened)
    {
        var token = _tokens.OpenRead(_replicas[i]);
        opened(token);
        _replicas[i].Read(token);
    }

    /// <summary>Whether messages of a kind wait between two replicas.</summary>
    /// <typeparam name="T">The kind.</typeparam>
    /// <param name="from">The sender.</param>
    /// <param name="to">The receiver.</param>
    /// <returns>Whether.</returns>
    public bool IsUnderWay<T>(int from, int to) => _messages.Exists(sent => sent.From == from && sent.To == to && sent.Message is T);

    /// <summary>Takes the waiting messages of a kind between two replicas off the network, to be delivered by hand.</summary>
    /// <typeparam name="T">The kind.</typeparam>
    /// <param name="from">The sender.</param>
    /// <param name="to">The receiver.</param>
    /// <returns>The messages, oldest first; at least one.</returns>
    public IReadOnlyList<T> Take<T>(int from, int to)
        where T : Message
    {
        var taken = _messages.Where(sent => sent.From == from && sent.To == to).Select(sent => sent.Message).OfType<T>().ToArray();
        _messages.RemoveAll(sent => sent.From == from && sent.To == to && sent.Message is T);
        Require(taken.Length > 0, $"r{from} sends {typeof(T).Name} to r{to}");
        return taken;
    }

    /// <summary>A message arrives.</summary>
    /// <param name="from">The sender.</param>
    /// <param name="to">The receiver.</param>
    /// <param name="message">The message.</param>
    public virtual void Deliver(int from, int to, Message message) => _replicas[to].Receive(from, message);

    /// <summary>Loses all waiting messages.</summary>
    public void LoseAll() => _messages.Clear();

    /// <summary>Flushes and delivers among the given replicas until nothing is left between them.</summary>
    /// <param name="among">The replicas.</param>
    public void Settle(params int[] among)
    {
        for (var round = 0; round < 1_000; round++)
        {
            foreach (var i in among)
            {
                Flush(i);
            }

            var next = _messages.FindIndex(sent => among.Contains(sent.From) && among.Contains(sent.To));
            if (next < 0)
            {
                return;
            }

            var (from, to, message) = _messages[next];
            _messages.RemoveAt(next);
            Deliver(from, to, message);
        }

        throw new ViolationException("L1", "messages without end");
    }

    /// <summary>A replica is elected, by itself and the given others, and serves.</summary>
    /// <param name="leader">The replica.</param>
    /// <param name="voters">The others.</param>
    public void Elect(int leader, params int[] voters)
    {
        int[] all = [leader, .. voters];
        foreach (var i in voters)
        {
            // They have heard no leader for long enough; what they ask for meanwhile is lost.
            Tick(i, ElectionTicks);
        }

        _messages.RemoveAll(sent => sent.Message is PreVote);
        for (var ticks = 0; ticks < ElectionTicks && Status(leader).Role != NodeRole.Leader; ticks++)
        {
            Tick(leader);
            Settle(all);
        }

        Require(Status(leader) is { Role: NodeRole.Leader, IsServing: true }, $"r{leader} leads");
    }

    /// <summary>What a schedule needs in order to show anything, or demands.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="what">What holds then.</param>
    /// <param name="invariant">The invariant that is broken otherwise: L1 where the schedule could not be carried out.</param>
    public void Require(bool condition, string what, string invariant = "L1")
    {
        if (!condition)
        {
            throw new ViolationException(invariant, $"it does not hold that {what}: {string.Join(", ", _replicas.Select(replica => replica.Status))}");
        }
    }

    private HostTime Now() => new(++_timeMs, _timeMs);
}
