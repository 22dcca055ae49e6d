using BenchmarkDotNet.Attributes;
using Csmr.Replication.Paxos;

namespace Csmr.Micro;

/// <summary>The steps of three nodes from a proposal to its delivery at all of them, with disks and a network that take no time.</summary>
[MemoryDiagnoser]
public class CoreBenchmarks
{
    private const int Proposals = 1_000;

    private static readonly HostTime Now = new(1, 1);

    private readonly Queue<(ReplicaId From, Envelope Envelope)> _messages = [];
    private PaxosNode[] _nodes = [];
    private PaxosNode _leader = null!;
    private byte[] _proposal = [];
    private long _token;

    /// <summary>Commands in a proposal.</summary>
    [Params(1, 64)]
    public int Commands { get; set; }

    /// <summary>Forms a group and lets it elect: a log that has grown in one measurement is not the next one's.</summary>
    [IterationSetup]
    public void Begin()
    {
        _proposal = Micro.Commands.Batch("put", 1, Commands);
        Member[] members = [.. Enumerable.Range(0, 3).Select(static number => new Member(new ReplicaId(number)))];
        _nodes = [.. members.Select(member => new PaxosNode(
            new NodeOptions
            {
                Cluster = "micro",
                Group = new GroupId("group"),
                Self = member.Id,
                Members = members,
                Incarnation = (ulong)(1 + member.Id.Ordinal),
                Seed = (ulong)member.Id.Ordinal,
            },
            []))];
        while (!Array.Exists(_nodes, static node => node.Status.IsServing))
        {
            for (var i = 0; i < _nodes.Length; i++)
            {
                _nodes[i].Tick(Now);
                Take(i);
            }

            Carry();
        }

        _leader = Array.Find(_nodes, static node => node.Status.IsServing)!;
    }

    /// <summary>One proposal after the other.</summary>
    /// <returns>The last slot.</returns>
    [Benchmark(OperationsPerInvoke = Proposals)]
    public long ProposeToDelivered()
    {
        for (var i = 0; i < Proposals; i++)
        {
            _leader.Propose(++_token, _proposal, Now);
            Take(_leader.Options.Self.Ordinal);
            Carry();
        }

        return _leader.Status.ChosenUpTo.Number;
    }

    private void Carry()
    {
        while (_messages.TryDequeue(out var sent))
        {
            var to = sent.Envelope.To.Ordinal;
            _nodes[to].Receive(sent.From, sent.Envelope.Message);
            Take(to);
        }
    }

    private void Take(int number)
    {
        var effects = _nodes[number].Effects;
        while (!effects.IsEmpty)
        {
            foreach (var envelope in effects.Messages)
            {
                _messages.Enqueue((new ReplicaId(number), envelope));
            }

            var hasRecords = effects.Records.Count > 0;
            effects.Clear();
            if (hasRecords)
            {
                _nodes[number].Persisted(effects.RecordsUpTo);
            }
        }
    }
}
