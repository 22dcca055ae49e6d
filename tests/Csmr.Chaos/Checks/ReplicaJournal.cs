using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.Storage;
using Csmr.Storage.Files;
using Csmr.Storage.Recovery;

namespace Csmr.Chaos.Checks;

/// <summary>
/// What is on the disk of one silo that does not run any more, read with the product's own reader and without changing it. Reading
/// takes the directory's lock, so it also shows that no process has it.
/// </summary>
public sealed class ReplicaJournal
{
    private readonly IReadOnlyDictionary<GroupId, List<JournalRecord>> _records;

    private ReplicaJournal(string node, IReadOnlyDictionary<GroupId, List<JournalRecord>> records) => (Node, _records) = (node, records);

    /// <summary>The silo's name.</summary>
    public string Node { get; }

    /// <summary>Reads the journal of a silo.</summary>
    public static ReplicaJournal Read(string directory, string cluster, string node)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("the journal runs on Linux only");
        }

        using var data = DataDirectory.Take(new LinuxFileSystem(), directory);
        var identity = data.ReadIdentity(new JournalOptions { Directory = directory, Cluster = cluster, Node = node })
            ?? throw new InvalidOperationException($"{directory} holds no journal");
        var records = new Dictionary<GroupId, List<JournalRecord>>();
        JournalScan.Run(data, identity, (group, record) =>
        {
            if (!records.TryGetValue(group, out var known))
            {
                records.Add(group, known = []);
            }

            known.Add(record);
        });
        return new ReplicaJournal(node, records);
    }

    /// <summary>Whether it has, or had, a replica of a group.</summary>
    public bool Has(GroupId group) => _records.ContainsKey(group);

    /// <summary>
    /// Every vote that was written here for a group, in the order of writing, with whose vote it is: after a replica was removed, another
    /// one may have come to the same disk, with another id.
    /// </summary>
    public IEnumerable<Vote> VotesOf(GroupId group)
    {
        ReplicaId? voter = null;
        foreach (var record in RecordsOf(group))
        {
            voter = PaxosNode.OwnerOf([record])?.Id ?? voter;
            if (record.Kind == JournalRecordKind.Accepted)
            {
                var known = voter ?? throw new InvalidOperationException($"the journal of {Node} has a vote in group {group} before it says whose it is");
                yield return new Vote(known, record.Slot, record.Ballot, record.Payload);
            }
        }
    }

    /// <summary>The highest slot up to which the replica knew that all is chosen.</summary>
    public Slot ChosenUpTo(GroupId group) =>
        RecordsOf(group).Where(static record => record.Kind is JournalRecordKind.Chosen or JournalRecordKind.Base).Select(static record => record.Slot).DefaultIfEmpty().Max();

    /// <summary>The highest slot up to which a snapshot stood for the log: of those entries the replica may have none.</summary>
    public Slot Base(GroupId group) =>
        RecordsOf(group).Where(static record => record.Kind == JournalRecordKind.Base).Select(static record => record.Slot).DefaultIfEmpty().Max();

    /// <summary>How often a snapshot took the place of the log.</summary>
    public int BasesOf(GroupId group) => RecordsOf(group).Count(static record => record.Kind == JournalRecordKind.Base);

    private IEnumerable<JournalRecord> RecordsOf(GroupId group) => _records.TryGetValue(group, out var records) ? records : [];
}

/// <summary>One durable vote of a replica.</summary>
public readonly record struct Vote(ReplicaId Voter, Slot Slot, Ballot Ballot, ReadOnlyMemory<byte> Entry);
