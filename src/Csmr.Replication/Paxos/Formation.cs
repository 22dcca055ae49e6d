using Csmr.Replication.Ports;

namespace Csmr.Replication.Paxos;

/// <summary>
/// Who this replica is, and whether it may vote. A group is formed once, in two steps: a replica agrees, durably, to the
/// incarnations of the members' disks when all have said that theirs are new; it votes when all have agreed to the same ones.
/// So as soon as anybody votes, every disk names the disks that may. A member whose disk is empty later has lost its
/// votes (the amnesia rule; Michael et al., "Recovering Shared Objects Without Stable Storage", 2017) and stays out, until it
/// is replaced: it joins under an id that nobody had before. Who joins later belongs to the group as soon as that is durable; it
/// votes when a configuration says so.
/// </summary>
internal sealed class Formation
{
    private const byte FormatVersion = 2;

    private readonly NodeOptions _options;
    private readonly Recorder _recorder;
    private readonly Action<ReplicaId, Message> _send;
    private readonly ulong?[] _heard;
    private readonly bool[] _agreed;
    private long _identityRecord;
    private long _agreedRecord;
    private long? _formedRecord;

    private ulong[]? _incarnations;
    private GroupConfiguration _formedWith;
    private ulong? _incarnation;
    private int _ticks;

    public Formation(NodeOptions options, Recorder recorder, Action<ReplicaId, Message> send)
    {
        _options = options;
        _recorder = recorder;
        _send = send;
        _formedWith = options.Joins?.Configuration ?? GroupConfiguration.Initial(options.Members);
        _heard = new ulong?[options.Members.Count];
        _agreed = new bool[options.Members.Count];
    }

    /// <summary>Whether this replica belongs to the formed group: the only state in which it votes.</summary>
    public bool IsMember => _formedRecord is { } record && _recorder.Durable >= record;

    /// <summary>What the group was formed with. Once it is formed, that never changes, whatever the host says of the members.</summary>
    public JoinTicket Ticket => new(_incarnations!, _formedWith);

    /// <summary>Whether the group was formed by another disk than this replica's.</summary>
    public bool IsOutcast { get; private set; }

    /// <summary>Whether this replica is to join, and has not yet.</summary>
    public bool MustJoin => _options.Joins is not null && _incarnation is null;

    /// <summary>The configuration in a <see cref="JournalRecordKind.Base"/> or <see cref="JournalRecordKind.Formed"/>.</summary>
    /// <param name="record">The record.</param>
    /// <returns>The configuration that holds behind its slot, or that the group was formed with.</returns>
    public static GroupConfiguration ReadConfiguration(in JournalRecord record)
    {
        var reader = new WireReader(record.Payload);
        return GroupConfiguration.Read(ref reader);
    }

    /// <summary>Whose disk it is.</summary>
    /// <param name="records">What it holds.</param>
    /// <returns>The replica and whether it is a witness; null for a new disk.</returns>
    public static (ReplicaId Id, bool IsWitness)? ReadOwner(IReadOnlyList<JournalRecord> records)
    {
        foreach (var record in records)
        {
            if (record.Kind is JournalRecordKind.Identity or JournalRecordKind.Base)
            {
                var owner = ReadIdentity(record);
                return (new ReplicaId(owner.Ordinal), owner.IsWitness);
            }
        }

        return null;
    }

    /// <summary>Takes a record from disk over.</summary>
    /// <exception cref="InvalidOperationException">The disk is another replica's.</exception>
    public void Recover(in JournalRecord record)
    {
        if (record.Kind is JournalRecordKind.Identity or JournalRecordKind.Base)
        {
            var identity = ReadIdentity(record);
            if (!IsOfSelf(identity))
            {
                return;
            }

            _incarnation = identity.Incarnation;
            if (identity.Ticket is { } ticket)
            {
                (_incarnations, _formedWith, _formedRecord) = (ticket.Incarnations, ticket.Configuration, 0);
            }
        }
        else if (record.Kind is JournalRecordKind.Agreed or JournalRecordKind.Formed)
        {
            var reader = new WireReader(record.Payload);
            _formedWith = record.Kind == JournalRecordKind.Formed ? GroupConfiguration.Read(ref reader) : _formedWith;
            _incarnations = MessageCodec.ReadIncarnations(ref reader);
            _formedRecord = record.Kind == JournalRecordKind.Formed ? 0 : _formedRecord;
        }
    }

    /// <summary>Ends the recovery: a new disk gets its identity.</summary>
    public void Recovered()
    {
        if (_incarnation is null)
        {
            Invariant.Require(_incarnations is null, "A2");
            _incarnation = _options.Incarnation;
            var writer = new WireWriter();
            WriteIdentity(writer);
            _identityRecord = _recorder.Emit(JournalRecordKind.Identity, payload: writer.ToArray());
        }

        if (_formedRecord is null)
        {
            _heard[_options.Self.Ordinal] = _incarnation;
            TryAgree();
        }

        OnDurable();
    }

    /// <summary>This replica joins: it belongs to the group when its next record, a <see cref="JournalRecordKind.Base"/>, is durable.</summary>
    public void Join() =>
        (_incarnation, _incarnations, _formedWith, _formedRecord) = (_options.Incarnation, _options.Joins!.Incarnations, _options.Joins.Configuration, _recorder.Emitted + 1);

    /// <summary>Packs what a restart must know of this replica when the records before are gone (S1).</summary>
    /// <param name="configuration">The configuration that holds behind the slot from which on they are not.</param>
    /// <returns>The payload of a <see cref="JournalRecordKind.Base"/>.</returns>
    public byte[] Pack(GroupConfiguration configuration)
    {
        Invariant.Require(_formedRecord is not null, "S1");
        var writer = new WireWriter();
        configuration.Write(writer);
        WriteIdentity(writer);
        Ticket.Write(writer);
        return writer.ToArray();
    }

    /// <summary>More is durable: the own agreement counts when it is.</summary>
    public void OnDurable()
    {
        if (_formedRecord is null && _incarnations is not null && _recorder.Durable >= _agreedRecord)
        {
            _agreed[_options.Self.Ordinal] = true;
            TryForm();
        }
    }

    /// <summary>Time goes on: a replica that is not yet formed says so to the others.</summary>
    public void OnTick()
    {
        if (_formedRecord is not null || IsOutcast || _recorder.Durable < _identityRecord || _ticks++ % _options.HeartbeatTicks != 0)
        {
            return;
        }

        foreach (var member in _options.Members)
        {
            if (member.Id != _options.Self)
            {
                _send(member.Id, _agreed[_options.Self.Ordinal] ? new AgreedTo(_incarnations!) : new Hello(_incarnation!.Value));
            }
        }
    }

    /// <summary>Another replica's disk is new.</summary>
    public void OnHello(ReplicaId from, Hello hello)
    {
        if (_formedRecord is not null)
        {
            TellFormation(from);
            return;
        }

        if (from.Ordinal < _heard.Length)
        {
            _heard[from.Ordinal] = hello.Incarnation;
            TryAgree();
        }
    }

    /// <summary>Another replica has agreed, durably. If its incarnations name this disk, they are this replica's too.</summary>
    public void OnAgreedTo(ReplicaId from, AgreedTo agreed)
    {
        if (_formedRecord is not null)
        {
            TellFormation(from);
            return;
        }

        if (agreed.Incarnations.Length != _options.Members.Count || from.Ordinal >= _agreed.Length || IsOutcast)
        {
            return;
        }

        if (_incarnations is null && agreed.Incarnations[_options.Self.Ordinal] == _incarnation)
        {
            Agree(agreed.Incarnations);
        }

        if (_incarnations is not null && agreed.Incarnations.AsSpan().SequenceEqual(_incarnations))
        {
            _agreed[from.Ordinal] = true;
            TryForm();
        }
    }

    /// <summary>The group was formed already: with this disk, or with one that is lost.</summary>
    public void OnFormedBy(FormedBy formed)
    {
        if (_formedRecord is not null || formed.Incarnations.Length != _options.Members.Count)
        {
            return;
        }

        IsOutcast = formed.Incarnations[_options.Self.Ordinal] != _incarnation;
        if (!IsOutcast)
        {
            // This replica had agreed then, and with its disk it remembers.
            Invariant.Require(_incarnations is not null && formed.Incarnations.AsSpan().SequenceEqual(_incarnations), "A2");
            Form();
        }
    }

    private static Identity ReadIdentity(in JournalRecord record)
    {
        var reader = new WireReader(record.Payload);
        if (record.Kind == JournalRecordKind.Base)
        {
            _ = GroupConfiguration.Read(ref reader);
        }

        var version = reader.Byte();
        if (version != FormatVersion)
        {
            throw new WireFormatException($"unknown format {version} of an identity");
        }

        return new Identity(
            reader.String(), reader.String(), (int)reader.VarUInt(), reader.Bool(), reader.UInt64(),
            record.Kind == JournalRecordKind.Base ? JoinTicket.Read(ref reader) : null);
    }

    // A replica that joins with the disk of one that belongs to the group no more keeps its log, but not its id.
    private bool IsOfSelf(Identity owner)
    {
        var isOfGroup = (owner.Cluster, owner.Group) == (_options.Cluster, _options.Group.Name);
        if (!isOfGroup || (owner.Ordinal != _options.Self.Ordinal && _options.Joins is null))
        {
            throw new InvalidOperationException(
                $"The disk belongs to replica {owner.Ordinal} of group '{owner.Group}' in cluster '{owner.Cluster}', not to " +
                $"replica {_options.Self.Ordinal} of group '{_options.Group}' in cluster '{_options.Cluster}'. Point this replica to its own data directory.");
        }

        return owner.Ordinal == _options.Self.Ordinal;
    }

    private void WriteIdentity(WireWriter writer)
    {
        writer.Byte(FormatVersion);
        writer.String(_options.Cluster);
        writer.String(_options.Group.Name);
        writer.VarUInt((uint)_options.Self.Ordinal);
        writer.Bool(_options.IsWitness);
        writer.UInt64(_incarnation!.Value);
    }

    private void TellFormation(ReplicaId to)
    {
        if (IsMember)
        {
            _send(to, new FormedBy(_incarnations!));
        }
    }

    private void TryAgree()
    {
        if (_incarnations is null && !IsOutcast && Array.TrueForAll(_heard, static incarnation => incarnation is not null))
        {
            Agree(Array.ConvertAll(_heard, static incarnation => incarnation!.Value));
        }
    }

    private void Agree(ulong[] incarnations)
    {
        _incarnations = incarnations;
        _agreedRecord = Emit(JournalRecordKind.Agreed);
    }

    private void TryForm()
    {
        if (_formedRecord is null && Array.TrueForAll(_agreed, static agreed => agreed))
        {
            Form();
        }
    }

    /// <summary>Whose disk it is.</summary>
    private sealed record Identity(string Cluster, string Group, int Ordinal, bool IsWitness, ulong Incarnation, JoinTicket? Ticket);

    private void Form() => _formedRecord = Emit(JournalRecordKind.Formed);

    private long Emit(JournalRecordKind kind)
    {
        var writer = new WireWriter();
        if (kind == JournalRecordKind.Formed)
        {
            _formedWith.Write(writer);
        }

        MessageCodec.WriteIncarnations(writer, _incarnations!);
        return _recorder.Emit(kind, payload: writer.ToArray());
    }
}
