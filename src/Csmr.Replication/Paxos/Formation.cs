using Csmr.Replication.Ports;

namespace Csmr.Replication.Paxos;

/// <summary>
/// Who this replica is, and whether it may vote. A group is formed once, in two steps: a replica agrees, durably, to the
/// incarnations of the members' disks when all have said that theirs are new; it votes when all have agreed to the same ones.
/// So as soon as anybody votes, every disk names the disks that may. A member whose disk is empty later has lost its
/// votes (the amnesia rule; Michael et al., "Recovering Shared Objects Without Stable Storage", 2017) and stays out.
/// </summary>
internal sealed class Formation
{
    private const byte FormatVersion = 1;

    private readonly NodeOptions _options;
    private readonly Recorder _recorder;
    private readonly Action<ReplicaId, Message> _send;
    private readonly ulong?[] _heard;
    private readonly bool[] _agreed;
    private long _identityRecord;
    private long _agreedRecord;
    private long? _formedRecord;

    /// <summary>The incarnations agreed to. Never changes.</summary>
    private ulong[]? _incarnations;
    private ulong? _incarnation;
    private int _ticks;

    public Formation(NodeOptions options, Recorder recorder, Action<ReplicaId, Message> send)
    {
        _options = options;
        _recorder = recorder;
        _send = send;
        _heard = new ulong?[options.Members.Count];
        _agreed = new bool[options.Members.Count];
    }

    /// <summary>Whether this replica belongs to the formed group: the only state in which it votes.</summary>
    public bool IsMember => _formedRecord is { } record && _recorder.Durable >= record;

    /// <summary>Whether the group was formed by another disk than this replica's.</summary>
    public bool IsOutcast { get; private set; }

    /// <summary>Takes a record from disk over.</summary>
    /// <exception cref="InvalidOperationException">The disk is another replica's.</exception>
    public void Recover(in JournalRecord record)
    {
        var reader = new WireReader(record.Payload);
        if (record.Kind == JournalRecordKind.Identity)
        {
            RecoverIdentity(ref reader);
        }
        else if (record.Kind == JournalRecordKind.Base)
        {
            RecoverIdentity(ref reader);
            _incarnations = MessageCodec.ReadIncarnations(ref reader);
            _formedRecord = 0;
        }
        else if (record.Kind is JournalRecordKind.Agreed or JournalRecordKind.Formed)
        {
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

        _heard[_options.Self.Ordinal] = _incarnation;
        TryAgree();
        OnDurable();
    }

    /// <summary>Packs what a restart must know of this replica when the records before are gone (S1).</summary>
    /// <returns>The payload of a <see cref="JournalRecordKind.Base"/>.</returns>
    public byte[] Pack()
    {
        Invariant.Require(IsMember, "S1");
        var writer = new WireWriter();
        WriteIdentity(writer);
        MessageCodec.WriteIncarnations(writer, _incarnations!);
        return writer.ToArray();
    }

    /// <summary>More is durable: the own agreement counts when it is.</summary>
    public void OnDurable()
    {
        if (_incarnations is not null && _recorder.Durable >= _agreedRecord)
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

        _heard[from.Ordinal] = hello.Incarnation;
        TryAgree();
    }

    /// <summary>Another replica has agreed, durably. If its incarnations name this disk, they are this replica's too.</summary>
    public void OnAgreedTo(ReplicaId from, AgreedTo agreed)
    {
        if (_formedRecord is not null)
        {
            TellFormation(from);
            return;
        }

        if (agreed.Incarnations.Length != _options.Members.Count || IsOutcast)
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

    private void RecoverIdentity(ref WireReader reader)
    {
        _ = reader.Byte();
        var owner = (Cluster: reader.String(), Group: reader.String(), Ordinal: reader.VarUInt());
        _incarnation = reader.UInt64();
        if (owner != (_options.Cluster, _options.Group.Name, (ulong)_options.Self.Ordinal))
        {
            throw new InvalidOperationException(
                $"The disk belongs to replica {owner.Ordinal} of group '{owner.Group}' in cluster '{owner.Cluster}', not to " +
                $"replica {_options.Self.Ordinal} of group '{_options.Group}' in cluster '{_options.Cluster}'. Point this replica to its own data directory.");
        }
    }

    private void WriteIdentity(WireWriter writer)
    {
        writer.Byte(FormatVersion);
        writer.String(_options.Cluster);
        writer.String(_options.Group.Name);
        writer.VarUInt((uint)_options.Self.Ordinal);
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

    private void Form() => _formedRecord = Emit(JournalRecordKind.Formed);

    private long Emit(JournalRecordKind kind)
    {
        var writer = new WireWriter();
        MessageCodec.WriteIncarnations(writer, _incarnations!);
        return _recorder.Emit(kind, payload: writer.ToArray());
    }
}
