using System.Text;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.Unit.Tests.Replication;

/// <summary>A group of real nodes whose network and disks the test holds in its hand: nothing moves by itself.</summary>
internal sealed class NodeGroup
{
    /// <summary>How long a tick takes.</summary>
    public const long TickMs = 10;

    private readonly List<JournalRecord>[] _disks;
    private readonly List<JournalRecord>[] _unflushed;
    private readonly IReadOnlyList<Member> _members;
    private readonly Func<NodeOptions, NodeOptions> _adjust;
    private ulong _incarnations = 100;
    private long _nextToken;

    public NodeGroup(int size = 3, int? witness = null, Func<NodeOptions, NodeOptions>? adjust = null)
    {
        _members = [.. Enumerable.Range(0, size).Select(i => new Member(new ReplicaId(i), i == witness))];
        _adjust = adjust ?? (static options => options);
        _disks = [.. _members.Select(static _ => new List<JournalRecord>())];
        _unflushed = [.. _members.Select(static _ => new List<JournalRecord>())];
        IsDown = new bool[size];
        HoldsFlushes = new bool[size];
        StandsStill = new bool[size];
        WallOffsetMs = new long[size];
        StampsMs = [.. _members.Select(static _ => new List<long>())];
        Delivered = [.. _members.Select(static _ => new List<string>())];
        Nodes = new PaxosNode[size];
        for (var i = 0; i < size; i++)
        {
            Start(i);
        }
    }

    public PaxosNode[] Nodes { get; }

    /// <summary>Down: ticks, sends and receives nothing.</summary>
    public bool[] IsDown { get; }

    /// <summary>Records are not flushed until the test says so.</summary>
    public bool[] HoldsFlushes { get; }

    /// <summary>Hears messages, but does not tick.</summary>
    public bool[] StandsStill { get; }

    /// <summary>How wrong each wall clock is.</summary>
    public long[] WallOffsetMs { get; }

    /// <summary>The times of the entries that each node delivered.</summary>
    public List<long>[] StampsMs { get; }

    /// <summary>Ticks so far.</summary>
    public int Ticks { get; private set; }

    public List<(ReplicaId From, ReplicaId To, Message Message)> Network { get; } = [];

    public List<Message> Sent { get; } = [];

    /// <summary>Messages for which this is true are lost.</summary>
    public Func<ReplicaId, ReplicaId, Message, bool> Loses { get; set; } = static (_, _, _) => false;

    public List<string>[] Delivered { get; }

    public List<(int Node, long Token)> Answered { get; } = [];

    public List<(int Node, long Token)> ReadsReady { get; } = [];

    public List<(int Node, GivenUp GivenUp)> GivenUp { get; } = [];

    public int Leader => Enumerable.Range(0, Nodes.Length).Where(i => !IsDown[i] && Nodes[i].Status.Role == NodeRole.Leader)
        .OrderByDescending(i => Nodes[i].Status.Promised).DefaultIfEmpty(-1).First();

    public IReadOnlyList<JournalRecord> Disk(int i) => _disks[i];

    public void Start(int i)
    {
        var options = new NodeOptions
        {
            Cluster = "test",
            Group = new GroupId("g"),
            Self = new ReplicaId(i),
            Members = _members,
            Incarnation = _incarnations++,
            Seed = (ulong)(i * 977) + _incarnations,
        };
        Delivered[i].Clear();
        _unflushed[i].Clear();
        IsDown[i] = false;
        Nodes[i] = new PaxosNode(_adjust(options), [.. _disks[i]]);
    }

    /// <summary>Loses what was not flushed.</summary>
    public void Crash(int i)
    {
        IsDown[i] = true;
        _unflushed[i].Clear();
        Nodes[i].Effects.Clear();
    }

    public void Wipe(int i)
    {
        Crash(i);
        _disks[i].Clear();
    }

    public void Flush(int i)
    {
        _disks[i].AddRange(_unflushed[i]);
        _unflushed[i].Clear();
        Nodes[i].Persisted(Nodes[i].Effects.RecordsUpTo);
        Drain(i);
    }

    public long Propose(int i, string text)
    {
        Nodes[i].Propose(++_nextToken, Encoding.UTF8.GetBytes(text), Now(i));
        return _nextToken;
    }

    private HostTime Now(int i) => new(1_000_000 + (Ticks * TickMs) + WallOffsetMs[i], Ticks * TickMs);

    public long Read(int i)
    {
        Nodes[i].Read(++_nextToken);
        return _nextToken;
    }

    public void Tick(int count = 1)
    {
        for (var tick = 0; tick < count; tick++)
        {
            Ticks++;
            for (var i = 0; i < Nodes.Length; i++)
            {
                if (!IsDown[i] && !StandsStill[i])
                {
                    Nodes[i].Tick(Now(i));
                }
            }

            Settle();
        }
    }

    public void TickUntil(Func<bool> condition, string what)
    {
        for (var tick = 0; tick < 2000; tick++)
        {
            if (condition())
            {
                return;
            }

            Tick();
        }

        Assert.Fail($"did not happen in 2000 ticks: {what}");
    }

    public void ElectLeader() => TickUntil(() => Leader >= 0 && Nodes[Leader].Status.IsServing, "a leader serves");

    /// <summary>Delivers messages, in order, until none is left.</summary>
    public void Settle()
    {
        for (var round = 0; round < 10_000; round++)
        {
            for (var i = 0; i < Nodes.Length; i++)
            {
                Drain(i);
            }

            if (Network.Count == 0)
            {
                return;
            }

            var (from, to, message) = Network[0];
            Network.RemoveAt(0);
            Deliver(from, to, message);
        }

        Assert.Fail("messages without end");
    }

    public void Deliver(ReplicaId from, ReplicaId to, Message message)
    {
        if (!IsDown[to.Ordinal] && !Loses(from, to, message))
        {
            Nodes[to.Ordinal].Receive(from, MessageCodec.Read(MessageCodec.Pack(message)));
            Drain(to.Ordinal);
        }
    }

    public void Drain(int i)
    {
        var effects = Nodes[i].Effects;
        while (!effects.IsEmpty)
        {
            var records = effects.Records.ToArray();
            foreach (var envelope in effects.Messages)
            {
                Sent.Add(envelope.Message);
                Network.Add((new ReplicaId(i), envelope.To, envelope.Message));
            }

            foreach (var delivery in effects.Deliveries)
            {
                StampsMs[i].Add(delivery.Entry.TimeMs);
                Delivered[i].AddRange(delivery.Entry.Proposals.Select(static proposal => Encoding.UTF8.GetString(proposal.Span)));
                Answered.AddRange(delivery.Tokens.Select(token => (i, token)));
            }

            ReadsReady.AddRange(effects.ReadyReads.Select(token => (i, token)));
            GivenUp.AddRange(effects.GivenUp.Select(givenUp => (i, givenUp)));
            effects.Clear();
            _unflushed[i].AddRange(records);
            if (records.Length > 0 && !HoldsFlushes[i])
            {
                Flush(i);
            }
        }
    }
}
