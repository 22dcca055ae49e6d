using System.Collections.Concurrent;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.TestKit.Simulation;

/// <summary>The shape of a simulated group, and what its disks hold when it was just formed.</summary>
/// <param name="Replicas">The number of replicas.</param>
/// <param name="Witnesses">How many of them, the last ones, are witnesses.</param>
internal sealed record GroupSetup(int Replicas, int Witnesses)
{
    // Neither list is a field of the record: it would take part in its equality, and no group would ever be found again.
    private static readonly ConcurrentDictionary<GroupSetup, JournalRecord[][]> Formations = new();

    private static readonly ConcurrentDictionary<GroupSetup, Member[]> MembersOf = new();

    /// <summary>The members.</summary>
    public IReadOnlyList<Member> Members => MembersOf.GetOrAdd(
        this,
        static setup => [.. Enumerable.Range(0, setup.Replicas).Select(ordinal => new Member(new ReplicaId(ordinal), setup.IsWitness(ordinal)))]);

    /// <summary>Whether a replica is a witness.</summary>
    /// <param name="ordinal">The replica.</param>
    /// <returns>Whether.</returns>
    public bool IsWitness(int ordinal) => ordinal >= Replicas - Witnesses && ordinal < Replicas;

    /// <summary>The options of a node, with the bounds of the product.</summary>
    /// <param name="ordinal">The replica.</param>
    /// <param name="incarnation">Its incarnation, should its disk be new.</param>
    /// <param name="seed">The seed of its time-outs.</param>
    /// <returns>The options.</returns>
    public NodeOptions Options(int ordinal, ulong incarnation, ulong seed) => new()
    {
        Cluster = "simulation",
        Group = new GroupId("group"),
        Self = new ReplicaId(ordinal),
        Members = Members,
        Incarnation = incarnation,
        Seed = seed,
    };

    /// <summary>The durable records of a group that was formed and has not elected anybody, one list for each replica.</summary>
    /// <returns>The records. Not to be changed.</returns>
    public JournalRecord[][] Formed() => Formations.GetOrAdd(this, static setup => setup.Form());

    // Nodes with nothing between them: each step's messages arrive at once, until all are formed.
    private JournalRecord[][] Form()
    {
        var disks = new List<JournalRecord>[Replicas];
        var nodes = new PaxosNode[Replicas];
        var messages = new Queue<(ReplicaId From, Envelope Envelope)>();
        for (var i = 0; i < Replicas; i++)
        {
            disks[i] = [];
            nodes[i] = new PaxosNode(Options(i, (ulong)(1000 + i), (ulong)i), []);
            Pump(i);
        }

        for (var round = 0; round < 200; round++)
        {
            for (var i = 0; i < Replicas; i++)
            {
                if (nodes[i].Status.Role == NodeRole.Forming)
                {
                    nodes[i].Tick(new HostTime(1, 1));
                    Pump(i);
                }
            }

            while (messages.TryDequeue(out var sent))
            {
                nodes[sent.Envelope.To.Ordinal].Receive(sent.From, sent.Envelope.Message);
                Pump(sent.Envelope.To.Ordinal);
            }

            if (Array.TrueForAll(nodes, node => node.Status.Role != NodeRole.Forming))
            {
                return Array.ConvertAll(disks, disk => disk.ToArray());
            }
        }

        throw new ViolationException("L1", "the group was not formed though nothing was lost");

        void Pump(int i)
        {
            var effects = nodes[i].Effects;
            while (!effects.IsEmpty)
            {
                disks[i].AddRange(effects.Records);
                foreach (var envelope in effects.Messages)
                {
                    messages.Enqueue((new ReplicaId(i), envelope));
                }

                var hasRecords = effects.Records.Count > 0;
                effects.Clear();
                if (hasRecords)
                {
                    nodes[i].Persisted(effects.RecordsUpTo);
                }
            }
        }
    }
}
