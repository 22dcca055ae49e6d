using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// Sees all replicas of a group at once and holds the invariants against them after every event. It goes by the records on
/// the disks: a value is chosen when a quorum's votes for it in one ballot are durable, whatever any node believes.
/// </summary>
internal sealed class GroupOracle
{
    private readonly Probes _probes;
    private readonly List<ChosenSlot> _chosen = [];
    private readonly List<ulong> _delivered = [];
    private readonly List<(long At, GroupConfiguration Configuration)> _configurations = [];

    /// <summary>The last slot in which a ballot proposed a configuration.</summary>
    private readonly Dictionary<Ballot, long> _changes = [];
    private AcceptorShadow[] _acceptors = [];
    private (long Slot, Ballot Ballot) _noOp;

    /// <summary>Makes one.</summary>
    /// <param name="probes">Where rare paths are counted.</param>
    public GroupOracle(Probes probes) => _probes = probes;

    /// <summary>The replicas.</summary>
    public ReadOnlySpan<AcceptorShadow> Acceptors => _acceptors.AsSpan(0, ReplicaCount);

    /// <summary>The number of replicas.</summary>
    public int ReplicaCount { get; private set; }

    /// <summary>The configuration behind the chosen prefix.</summary>
    public GroupConfiguration Configuration => _configurations[^1].Configuration;

    /// <summary>What leaders proposed, by slot and ballot.</summary>
    public SlotChains Proposals { get; } = new();

    /// <summary>All slots up to here are chosen.</summary>
    public long ChosenPrefix { get; private set; }

    /// <summary>The highest slot that any answer to a client came from.</summary>
    public long AnsweredSlot { get; private set; }

    /// <summary>Whether only what a client could notice is checked: entries handed out, answers, histories.</summary>
    public bool OutcomesOnly { get; private set; }

    /// <summary>Called with each newly chosen slot and its entry.</summary>
    public Action<long, ReadOnlyMemory<byte>>? OnChosen { get; set; }

    /// <summary>Starts again.</summary>
    /// <param name="members">The members that the group is formed with.</param>
    /// <param name="outcomesOnly">See <see cref="OutcomesOnly"/>.</param>
    /// <param name="spares">How many may join later.</param>
    public void Reset(IReadOnlyList<Member> members, bool outcomesOnly, int spares = 0)
    {
        var replicas = members.Count + spares;
        _configurations.Clear();
        _configurations.Add((0, GroupConfiguration.Initial(members)));
        _changes.Clear();
        while (_acceptors.Length < replicas)
        {
            _acceptors = [.. _acceptors, new AcceptorShadow()];
        }

        (ReplicaCount, OutcomesOnly) = (replicas, outcomesOnly);
        foreach (var acceptor in _acceptors)
        {
            acceptor.Reset();
        }

        Proposals.Clear();
        _chosen.Clear();
        _delivered.Clear();
        ChosenPrefix = AnsweredSlot = 0;
    }

    /// <summary>The chosen entry of a slot of the prefix.</summary>
    /// <param name="slot">The slot.</param>
    /// <returns>Its bytes.</returns>
    public ReadOnlyMemory<byte> EntryOf(long slot) => _chosen[(int)slot - 1].Entry;

    /// <summary>The configuration that decides a slot, by what is chosen before it.</summary>
    /// <param name="slot">The slot.</param>
    /// <returns>The configuration, and the slot that it was chosen in.</returns>
    public (long At, GroupConfiguration Configuration) ConfigurationOf(long slot) => _configurations.FindLast(known => known.At < slot);

    /// <summary>What a snapshot tells of the configuration behind its slot.</summary>
    /// <param name="slot">The slot.</param>
    /// <returns>The configuration, packed; empty for the first.</returns>
    public ReadOnlyMemory<byte> PackedConfiguration(long slot)
    {
        var (_, configuration) = ConfigurationOf(slot + 1);
        return configuration.Number == 0 ? default(ReadOnlyMemory<byte>) : configuration.Pack();
    }

    /// <summary>
    /// A7: whether a ballot may propose for a slot: a quorum of those who decide it has promised the ballot; or the ballot was
    /// the first to propose that they decide, having the promises of those who decided that.
    /// </summary>
    /// <param name="slot">The slot.</param>
    /// <param name="ballot">The ballot.</param>
    /// <returns>Whether it may.</returns>
    public bool MayPropose(long slot, Ballot ballot)
    {
        if (slot <= ChosenPrefix)
        {
            return _configurations.Exists(known => HasPromises(known.Configuration, ballot));
        }

        var (at, configuration) = ConfigurationOf(slot);
        return HasPromises(configuration, ballot) || (at > 0 && IsFirst(at, ballot) && MayPropose(at, ballot));
    }

    /// <summary>What is known of a slot.</summary>
    /// <param name="slot">The slot.</param>
    /// <returns>Whether and how it is chosen.</returns>
    public ChosenSlot Find(long slot) => slot <= _chosen.Count ? _chosen[(int)slot - 1] : default;

    /// <summary>A replica starts with records that are durable already.</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="records">The records.</param>
    public void Load(int replica, IReadOnlyList<JournalRecord> records)
    {
        foreach (var record in records)
        {
            Append(replica, record);
            Flush(replica, record);
        }
    }

    /// <summary>A replica appends a record (A2: no promise and no vote below an earlier one).</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="record">The record.</param>
    public void Append(int replica, in JournalRecord record)
    {
        var acceptor = _acceptors[replica];
        if (record.Kind is JournalRecordKind.Promised or JournalRecordKind.Accepted && record.Ballot < acceptor.AppendedPromise)
        {
            Fail("A2", $"r{replica} writes {record.Kind} in {record.Ballot} after a promise of {acceptor.AppendedPromise}");
        }

        if (record.Kind == JournalRecordKind.Chosen && record.Slot.Number > ChosenPrefix)
        {
            Fail("A1", $"r{replica} writes that slots up to {record.Slot} are chosen; only those up to {ChosenPrefix} are");
        }

        if (record.Kind == JournalRecordKind.Base)
        {
            CheckBase(replica, acceptor, record);
        }

        var digest = 0UL;
        if (record.Kind == JournalRecordKind.Accepted)
        {
            digest = Digests.OfPacked(record.Payload);
            CheckProposed(replica, record, digest);
        }

        acceptor.Append(record, digest);
    }

    /// <summary>A record of a replica has become durable.</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="record">The record.</param>
    public void Flush(int replica, in JournalRecord record)
    {
        _acceptors[replica].Flush(record);
        if (record.Kind == JournalRecordKind.Accepted)
        {
            Tally(record);
        }
    }

    /// <summary>A leader proposes a value (A1: one value in a ballot; what is chosen stays).</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="ballot">The ballot.</param>
    /// <param name="packed">The value.</param>
    public void Propose(long slot, Ballot ballot, ReadOnlyMemory<byte> packed)
    {
        if (_changes.TryGetValue(ballot, out var change) && change > ChosenPrefix && slot > change)
        {
            Fail("A7", $"ballot {ballot} proposes for slot {slot} before its configuration for slot {change} is chosen");
        }

        if (Entry.IsConfiguration(packed) && Entry.Read(packed).Configuration!.Number == Configuration.Number + 1)
        {
            if (Proposals.Head(slot) >= 0 && Proposals.Find(slot, ballot) < 0 && !Find(slot).IsChosen)
            {
                _probes.Hit(Probe.ConfigurationAdopted);
            }

            _changes[ballot] = Math.Max(change, slot);
        }

        var digest = Digests.OfPacked(packed);
        var known = Proposals.Find(slot, ballot);
        if (known >= 0)
        {
            if (Proposals[known].Digest != digest)
            {
                Fail("A1", $"two values for slot {slot} in ballot {ballot}");
            }

            return;
        }

        var chosen = Find(slot);
        if (chosen.IsChosen && chosen.Ballot < ballot && chosen.Digest != digest)
        {
            Fail("A1", $"ballot {ballot} proposes another value for slot {slot}, chosen in {chosen.Ballot}");
        }

        if (!chosen.IsChosen)
        {
            ProbeAdoption(slot, digest);
        }

        Proposals.Add(slot, ballot, digest);
    }

    /// <summary>A node hands out an entry (A1, A3: the chosen one, the next one).</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="delivery">The delivery.</param>
    public void Deliver(int replica, in Delivery delivery)
    {
        var acceptor = _acceptors[replica];
        var slot = delivery.Slot.Number;
        if (slot != acceptor.Delivered + 1)
        {
            throw new ViolationException("A3", $"r{replica} hands out slot {slot} after {acceptor.Delivered}");
        }

        acceptor.Delivered = slot;
        var digest = Digests.Of(delivery.Entry);
        if (slot > ChosenPrefix)
        {
            Fail("A1", $"r{replica} hands out slot {slot}; only slots up to {ChosenPrefix} are chosen");
        }
        else if (_chosen[(int)slot - 1].Digest != digest)
        {
            Fail("A1", $"r{replica} hands out another entry for slot {slot} than the chosen one");
        }

        if (slot > _delivered.Count)
        {
            _delivered.Add(digest);
        }
        else if (_delivered[(int)slot - 1] != digest)
        {
            throw new ViolationException("A1", $"r{replica} hands out another entry for slot {slot} than a replica did before");
        }
    }

    /// <summary>A node's state is replaced by a snapshot (S2: what its further deliveries go on from).</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="slot">The snapshot's slot.</param>
    public void Restore(int replica, Slot slot)
    {
        if (slot.Number <= _acceptors[replica].Delivered || slot.Number > ChosenPrefix)
        {
            throw new ViolationException("A3", $"r{replica} goes on from a snapshot at slot {slot} after {_acceptors[replica].Delivered}");
        }

        _acceptors[replica].Delivered = slot.Number;
    }

    /// <summary>A client gets an answer that comes from a slot.</summary>
    /// <param name="slot">The slot.</param>
    public void Answer(long slot) => AnsweredSlot = Math.Max(AnsweredSlot, slot);

    /// <summary>A read is executed (A6).</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="floor">The highest slot that any answer came from when the read began.</param>
    /// <param name="slot">The slot up to which the replica has applied.</param>
    public void Read(int replica, long floor, long slot)
    {
        if (slot < floor)
        {
            throw new ViolationException("A6", $"r{replica} reads at slot {slot}; an answer of slot {floor} was given before the read began");
        }

        Answer(slot);
    }

    /// <summary>Compares what a node says of itself with its records (A1, A3).</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="status">The node's state.</param>
    public void Check(int replica, in NodeStatus status)
    {
        var acceptor = _acceptors[replica];
        var upTo = status.ChosenUpTo.Number;
        if (OutcomesOnly || upTo == acceptor.ChosenChecked)
        {
            return;
        }

        if (upTo > ChosenPrefix)
        {
            Fail("A1", $"r{replica} takes slots up to {upTo} as chosen; only those up to {ChosenPrefix} are");
        }

        for (var slot = Math.Max(acceptor.ChosenChecked, acceptor.Base) + 1; slot <= upTo; slot++)
        {
            var vote = acceptor.Votes.Head(slot);
            if (vote < 0 || acceptor.Votes[vote].Digest != _chosen[(int)slot - 1].Digest)
            {
                Fail("A3", $"r{replica} takes slot {slot} as chosen and holds {(vote < 0 ? "nothing" : "another value")} there");
            }
        }

        acceptor.ChosenChecked = upTo;
    }

    /// <summary>Reports a broken invariant, unless only outcomes count.</summary>
    /// <param name="id">The invariant.</param>
    /// <param name="what">What was seen.</param>
    public void Fail(string id, FormattableString what)
    {
        if (!OutcomesOnly)
        {
            throw new ViolationException(id, what.ToString());
        }
    }

    // S1: what is said to be covered is chosen, and the base never goes down.
    private void CheckBase(int replica, AcceptorShadow acceptor, in JournalRecord record)
    {
        if (record.Slot.Number < acceptor.Base || record.Ballot < acceptor.AppendedPromise)
        {
            Fail("S1", $"r{replica} writes a base at slot {record.Slot} in {record.Ballot} after {acceptor.Base} in {acceptor.AppendedPromise}");
        }

        if (record.Slot.Number > ChosenPrefix)
        {
            Fail("S1", $"r{replica} writes a base at slot {record.Slot}; only slots up to {ChosenPrefix} are chosen");
        }
    }

    private void CheckProposed(int replica, in JournalRecord record, ulong digest)
    {
        var slot = record.Slot.Number;
        if (record.Ballot.Leader.Ordinal == replica)
        {
            ProbeHole(record, digest);
            Propose(slot, record.Ballot, record.Payload);
            return;
        }

        var proposal = Proposals.Find(slot, record.Ballot);
        if (proposal < 0 || Proposals[proposal].Digest != digest)
        {
            Fail("A1", $"r{replica} accepts for slot {slot} in {record.Ballot} what its leader never proposed");
        }
    }

    private void Tally(in JournalRecord record)
    {
        var slot = record.Slot.Number;
        var known = Find(slot);
        if (known.IsChosen && known.Ballot == record.Ballot)
        {
            return;
        }

        var (_, configuration) = ConfigurationOf(slot);
        var votes = 0;
        foreach (var id in configuration.Voters)
        {
            votes += Acceptors[id.Ordinal].FindDurable(slot, record.Ballot) >= 0 ? 1 : 0;
        }

        if (votes < configuration.Quorum)
        {
            return;
        }

        var digest = Digests.OfPacked(record.Payload);
        if (known.IsChosen)
        {
            if (known.Digest != digest)
            {
                Fail("A1", $"slot {slot} is chosen twice: in {known.Ballot} and, another value, in {record.Ballot}");
            }

            return;
        }

        Choose(slot, record.Ballot, digest, record.Payload);
    }

    private void Choose(long slot, Ballot ballot, ulong digest, ReadOnlyMemory<byte> entry)
    {
        while (_chosen.Count < slot)
        {
            _chosen.Add(default);
        }

        _chosen[(int)slot - 1] = new ChosenSlot(IsChosen: true, ballot, digest, entry);
        for (var index = Proposals.Head(slot); index >= 0; index = Proposals[index].Previous)
        {
            if (Proposals[index].Ballot > ballot && Proposals[index].Digest != digest)
            {
                Fail("A1", $"slot {slot} is chosen in {ballot} after {Proposals[index].Ballot} proposed another value");
            }
        }

        OnChosen?.Invoke(slot, entry);
        while (ChosenPrefix < _chosen.Count && _chosen[(int)ChosenPrefix].IsChosen)
        {
            ChosenPrefix++;
            LearnConfiguration(ChosenPrefix, _chosen[(int)ChosenPrefix - 1].Entry);
        }
    }

    private void LearnConfiguration(long slot, ReadOnlyMemory<byte> packed)
    {
        // One that does not follow was proposed in vain and is chosen late: it has no effect.
        if (!Entry.IsConfiguration(packed) || Entry.Read(packed).Configuration is not { } next || next.Number != Configuration.Number + 1)
        {
            return;
        }

        var differing = next.Voters.Except(Configuration.Voters).Count() + Configuration.Voters.Except(next.Voters).Count();
        if (differing > 1)
        {
            Fail("A7", $"configuration {next.Number} in slot {slot} does not follow {Configuration.Number}");
        }

        if (_chosen.Count > slot)
        {
            Fail("A7", $"slot {_chosen.Count} was chosen before the configuration in slot {slot}, which says who decides it");
        }

        _configurations.Add((slot, next));
        _probes.Hit(Probe.Reconfigured);
    }

    private bool HasPromises(GroupConfiguration configuration, Ballot ballot)
    {
        var promises = 0;
        foreach (var id in configuration.Voters)
        {
            promises += Acceptors[id.Ordinal].DurablePromise >= ballot ? 1 : 0;
        }

        return promises >= configuration.Quorum;
    }

    private bool IsFirst(long slot, Ballot ballot)
    {
        var mine = Proposals.Find(slot, ballot);
        for (var index = Proposals.Head(slot); index >= 0 && mine >= 0; index = Proposals[index].Previous)
        {
            if (Proposals[index].Ballot < ballot && Proposals[index].Digest == Proposals[mine].Digest)
            {
                return false;
            }
        }

        return mine >= 0;
    }

    // The packed no-op is the shortest entry by far. A hole is one below a slot whose entry comes from an older ballot.
    private void ProbeHole(in JournalRecord record, ulong digest)
    {
        var slot = record.Slot.Number;
        if (_noOp == (slot - 1, record.Ballot) && IsProposed(slot, digest))
        {
            _probes.Hit(Probe.HoleFilled);
        }

        _noOp = record.Payload.Length <= 11 && !IsProposed(slot, digest) ? (slot, record.Ballot) : default;
    }

    private bool IsProposed(long slot, ulong digest)
    {
        var index = Proposals.Head(slot);
        while (index >= 0 && Proposals[index].Digest != digest)
        {
            index = Proposals[index].Previous;
        }

        return index >= 0;
    }

    private void ProbeAdoption(long slot, ulong digest)
    {
        var head = Proposals.Head(slot);
        if (head < 0)
        {
            return;
        }

        var others = 0;
        var same = false;
        for (var index = head; index >= 0; index = Proposals[index].Previous)
        {
            same |= Proposals[index].Digest == digest;
            others += Proposals[index].Digest != digest ? 1 : 0;
        }

        if (same)
        {
            _probes.Hit(others > 0 ? Probe.AdoptedFromTwoBallots : Probe.UnchosenAdopted);
        }
    }
}

/// <summary>How a slot is chosen.</summary>
/// <param name="IsChosen">Whether it is.</param>
/// <param name="Ballot">The ballot in which it was first seen to be.</param>
/// <param name="Digest">The digest of its entry.</param>
/// <param name="Entry">Its entry.</param>
internal readonly record struct ChosenSlot(bool IsChosen, Ballot Ballot, ulong Digest, ReadOnlyMemory<byte> Entry);
