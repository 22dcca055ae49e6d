namespace Csmr.Replication.Paxos;

/// <summary>
/// Who belongs to a group behind some slot. Configurations follow each other through the log: the one that is chosen in a slot holds
/// for all slots behind it, until the next one (Lamport, Malkhi, Zhou, "Reconfiguring a State Machine", 2010, with a window of one).
/// Never changes.
/// </summary>
public sealed class GroupConfiguration
{
    /// <summary>Ids in use at one time, at most.</summary>
    public const int MembersMax = 64;

    private const byte FormatVersion = 1;

    /// <summary>Makes one.</summary>
    /// <param name="number">Its number: 0 for the one that the group was formed with, then one more each time.</param>
    /// <param name="nextId">The id that the next new member gets. Ids are never used again: the votes of a lost disk must not come back with another.</param>
    /// <param name="members">The members, in order of their ids.</param>
    public GroupConfiguration(long number, int nextId, IReadOnlyList<Member> members)
    {
        (Number, NextId, Members) = (number, nextId, members);
        Voters = [.. members.Where(static member => !member.IsLearner).Select(static member => member.Id)];
    }

    /// <summary>Its number.</summary>
    public long Number { get; }

    /// <summary>The id that the next new member gets.</summary>
    public int NextId { get; }

    /// <summary>The members, in order of their ids.</summary>
    public IReadOnlyList<Member> Members { get; }

    /// <summary>Those whose votes count.</summary>
    public IReadOnlyList<ReplicaId> Voters { get; }

    /// <summary>The number of votes that decide: a majority of the voters.</summary>
    public int Quorum => (Voters.Count / 2) + 1;

    /// <summary>The configuration that a group is formed with.</summary>
    /// <param name="members">The members, in order of their ids 0 … n - 1.</param>
    /// <returns>The configuration.</returns>
    public static GroupConfiguration Initial(IReadOnlyList<Member> members) => new(0, members.Count, members);

    /// <summary>The member with an id.</summary>
    /// <param name="id">The id.</param>
    /// <returns>The member; null where there is none.</returns>
    public Member? Find(ReplicaId id)
    {
        foreach (var member in Members)
        {
            if (member.Id == id)
            {
                return member;
            }
        }

        return null;
    }

    /// <summary>Whether an id's votes count.</summary>
    /// <param name="id">The id.</param>
    /// <returns>Whether they do.</returns>
    public bool IsVoter(ReplicaId id) => Find(id) is { IsLearner: false };

    /// <summary>The next configuration, with one member more, which does not vote yet.</summary>
    /// <param name="node">Where it runs.</param>
    /// <param name="isWitness">Whether it only votes.</param>
    /// <returns>The configuration.</returns>
    public GroupConfiguration With(string node, bool isWitness) =>
        new(Number + 1, NextId + 1, [.. Members, new Member(new ReplicaId(NextId), isWitness, IsLearner: true, node)]);

    /// <summary>The next configuration, in which a learner votes.</summary>
    /// <param name="id">The learner.</param>
    /// <returns>The configuration.</returns>
    public GroupConfiguration WithVoter(ReplicaId id) =>
        new(Number + 1, NextId, [.. Members.Select(member => member.Id == id ? member with { IsLearner = false } : member)]);

    /// <summary>The next configuration, without a member.</summary>
    /// <param name="id">The member.</param>
    /// <returns>The configuration.</returns>
    public GroupConfiguration Without(ReplicaId id) => new(Number + 1, NextId, [.. Members.Where(member => member.Id != id)]);

    /// <summary>
    /// Whether this may follow another: it has the next number and differs in one member at most. So any quorum of one has a voter in
    /// common with any quorum of the other.
    /// </summary>
    /// <param name="current">The other.</param>
    /// <returns>Whether it may.</returns>
    public bool Follows(GroupConfiguration current)
    {
        var changed = Members.Count(member => current.Find(member.Id) != member) + current.Members.Count(member => Find(member.Id) is null);
        return Number == current.Number + 1 && changed <= 1 && Voters.Count > 0;
    }

    /// <summary>Packs it.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Pack()
    {
        var writer = new WireWriter(64);
        Write(writer);
        return writer.ToArray();
    }

    /// <summary>Packs it.</summary>
    /// <param name="writer">Where to.</param>
    internal void Write(WireWriter writer)
    {
        writer.Byte(FormatVersion);
        writer.VarUInt((ulong)Number);
        writer.VarUInt((uint)NextId);
        writer.VarUInt((uint)Members.Count);
        foreach (var member in Members)
        {
            writer.VarUInt((uint)member.Id.Ordinal);
            writer.Bool(member.IsWitness);
            writer.Bool(member.IsLearner);
            writer.String(member.Node);
        }
    }

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <param name="packed">The bytes.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="WireFormatException">The bytes are no configuration.</exception>
    public static GroupConfiguration Read(ReadOnlyMemory<byte> packed)
    {
        var reader = new WireReader(packed);
        var configuration = Read(ref reader);
        reader.End();
        return configuration;
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="reader">Where from.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="WireFormatException">The bytes are no configuration.</exception>
    internal static GroupConfiguration Read(ref WireReader reader)
    {
        var version = reader.Byte();
        if (version != FormatVersion)
        {
            throw new WireFormatException($"unknown format {version} of a configuration");
        }

        var number = reader.Number();
        var nextId = reader.VarUInt();
        var members = new Member[reader.Count(4)];
        for (var i = 0; i < members.Length; i++)
        {
            var id = reader.VarUInt();
            members[i] = id < nextId && (i == 0 || id > (uint)members[i - 1].Id.Ordinal)
                ? new Member(new ReplicaId((int)id), reader.Bool(), reader.Bool(), reader.String())
                : throw new WireFormatException($"member {id} of a configuration is out of order");
        }

        return nextId <= MessageCodec.OrdinalMax && members.Length <= MembersMax
            ? new GroupConfiguration(number, (int)nextId, members)
            : throw new WireFormatException($"a configuration has {members.Length} members of {nextId} ids");
    }
}
