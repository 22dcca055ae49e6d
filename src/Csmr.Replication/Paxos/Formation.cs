using Csmr.Replication.Ports;

namespace Csmr.Replication.Paxos;

/// <summary>
/// Who this replica is, and whether it may vote. A group is formed once, when every member has said that its disk is
/// new; the incarnations of those disks are kept. A member whose disk is empty later has lost its votes (the amnesia
/// rule; Michael et al., "Recovering Shared Objects Without Stable Storage", 2017) and stays out.
/// </summary>
internal sealed class Formation
{
    private const byte FormatVersion = 1;

    private readonly NodeOptions _options;
    private readonly Recorder _recorder;
    private readonly Action<ReplicaId, Message> _send;
    private readonly ulong?[] _heard;
    private long _identityRecord;
    private long? _formedRecord;
    private ulong[]? _formedBy;
    private ulong? _incarnation;
    private int _ticks;

    public Formation(NodeOptions options, Recorder recorder, Action<ReplicaId, Message> send)
    {
        _options = options;
        _recorder = recorder;
        _send = send;
        _heard = new ulong?[options.Members.Count];
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
        else if (record.Kind == JournalRecordKind.Formed)
        {
            _formedBy = MessageCodec.ReadIncarnations(ref reader);
            _formedRecord = 0;
        }
    }

    /// <summary>Ends the recovery: a new disk gets its identity.</summary>
    public void Recovered()
    {
        if (_incarnation is null)
        {
            Invariant.Require(_formedBy is null, "A2");
            _incarnation = _options.Incarnation;
            var writer = new WireWriter();
            writer.Byte(FormatVersion);
            writer.String(_options.Cluster);
            writer.String(_options.Group.Name);
            writer.VarUInt((uint)_options.Self.Ordinal);
            writer.UInt64(_incarnation.Value);
            _identityRecord = _recorder.Emit(JournalRecordKind.Identity, payload: writer.ToArray());
        }

        _heard[_options.Self.Ordinal] = _incarnation;
        TryForm();
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
                _send(member.Id, new Hello(_incarnation!.Value));
            }
        }
    }

    /// <summary>Another replica's disk is new.</summary>
    public void OnHello(ReplicaId from, Hello hello)
    {
        if (_formedBy is not null)
        {
            if (IsMember)
            {
                _send(from, new FormedBy(_formedBy));
            }

            return;
        }

        _heard[from.Ordinal] = hello.Incarnation;
        TryForm();
    }

    /// <summary>The group was formed already: with this disk, or with one that is lost.</summary>
    public void OnFormedBy(FormedBy formed)
    {
        if (_formedBy is not null || formed.Incarnations.Length != _options.Members.Count)
        {
            return;
        }

        IsOutcast = formed.Incarnations[_options.Self.Ordinal] != _incarnation;
        if (!IsOutcast)
        {
            Form(formed.Incarnations);
        }
    }

    private void TryForm()
    {
        if (_formedBy is null && !IsOutcast && Array.TrueForAll(_heard, static incarnation => incarnation is not null))
        {
            Form(Array.ConvertAll(_heard, static incarnation => incarnation!.Value));
        }
    }

    private void Form(ulong[] incarnations)
    {
        var writer = new WireWriter();
        MessageCodec.WriteIncarnations(writer, incarnations);
        _formedBy = incarnations;
        _formedRecord = _recorder.Emit(JournalRecordKind.Formed, payload: writer.ToArray());
    }
}
