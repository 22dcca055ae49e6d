namespace Csmr.Replication.Paxos;

/// <summary>
/// Gets a snapshot from another replica, part by part, when the log of others no longer holds what this replica lacks. One part is
/// under way at a time; a lost one is asked for again, and a source that stays silent, or has nothing of use, is left for the next.
/// </summary>
/// <param name="options">Who this is, and times.</param>
/// <param name="configurations">The members.</param>
/// <param name="effects">Where parts to be written go.</param>
/// <param name="send">Sends a message.</param>
/// <param name="usefulFrom">
/// The lowest slot at which a snapshot brings this replica forward. It takes any such: one with all that is needed may be nowhere, as
/// where the replica that told of it has lost its own.
/// </param>
internal sealed class CatchUp(NodeOptions options, Configurations configurations, Effects effects, Action<ReplicaId, Message> send, Func<Slot> usefulFrom)
{
    /// <summary>Asks without an answer after which another source is tried.</summary>
    private const int AsksMax = 3;

    /// <summary>Entries up to here are needed; none while nothing is.</summary>
    private Slot _needed;
    private Slot _slot;
    private long _offset;
    private ReplicaId? _leader;
    private ReplicaId _source;
    private int _asks;
    private int _ticks;
    private bool _isWriting;

    /// <summary>Whether a snapshot is needed.</summary>
    public bool IsActive => _needed > Slot.None;

    /// <summary>Entries up to a slot are needed and nobody's log has them for sure.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="leader">Who leads, if known: asked last of all, since it has other things to do.</param>
    public void Need(Slot slot, ReplicaId? leader)
    {
        if (slot <= _needed)
        {
            return;
        }

        var isNew = !IsActive;
        (_needed, _leader) = (slot, leader);
        if (isNew)
        {
            _source = leader ?? options.Self;
            NextSource();
        }
    }

    /// <summary>Everything up to a slot is here now.</summary>
    public void Have(Slot slot)
    {
        if (slot >= _needed)
        {
            (_needed, _slot, _offset, _isWriting) = (Slot.None, Slot.None, 0, false);
        }
    }

    /// <summary>Time goes on.</summary>
    public void OnTick()
    {
        if (!IsActive || _isWriting || ++_ticks < options.ResendTicks)
        {
            return;
        }

        if (_asks < AsksMax)
        {
            Ask();
        }
        else
        {
            NextSource();
        }
    }

    /// <summary>A part has arrived.</summary>
    public void OnPart(ReplicaId from, SnapshotPart part)
    {
        if (!IsActive || _isWriting || from != _source)
        {
            return;
        }

        var isNext = part.Slot == _slot && part.Offset == _offset;
        var isFirst = part.Slot >= usefulFrom() && part.Offset == 0;
        if (part.Bytes.Length > 0 && part.Offset + part.Bytes.Length <= part.TotalBytes && (isNext || isFirst))
        {
            (_slot, _offset, _isWriting) = (part.Slot, part.Offset, true);
            effects.SnapshotWrites.Add(part);
        }
        else if (part.Slot == Slot.None)
        {
            LeaveSource();
        }
    }

    /// <summary>The host has written a part, or found that it has received more of this snapshot before.</summary>
    /// <param name="slot">The snapshot's slot.</param>
    /// <param name="offset">The first byte that is missing.</param>
    public void OnReceived(Slot slot, long offset)
    {
        if (IsActive && _isWriting && slot == _slot)
        {
            (_offset, _isWriting) = (offset, false);
            _asks = 0;
            Ask();
        }
    }

    /// <summary>A snapshot was received whole. Meanwhile more may have come to be needed than it has.</summary>
    /// <param name="slot">Its slot.</param>
    public void OnInstalled(Slot slot)
    {
        (_slot, _offset, _isWriting) = (Slot.None, 0, false);
        Have(slot);
        if (IsActive)
        {
            Ask();
        }
    }

    /// <summary>What was received is of no use, or could not be written.</summary>
    public void OnRejected()
    {
        (_slot, _offset, _isWriting) = (Slot.None, 0, false);
        LeaveSource();
    }

    // Not at once: where nobody has what is needed, or the disk takes nothing, asking again and again would help nobody.
    private void LeaveSource() => _asks = AsksMax;

    private void NextSource()
    {
        _asks = 0;
        ReplicaId[] sources = [.. Sources().Order()];
        if (sources.Length > 0)
        {
            var next = Array.FindIndex(sources, source => source.Ordinal > _source.Ordinal);
            _source = sources[Math.Max(next, 0)];
        }

        Ask();
    }

    // The leader too, where it belongs to a configuration that this replica does not know yet.
    private IEnumerable<ReplicaId> Sources() => configurations.Current.Members.Select(static member => member.Id)
        .Concat(_leader is { } leader ? [leader] : Array.Empty<ReplicaId>())
        .Where(id => id != options.Self)
        .Distinct();

    private void Ask()
    {
        _ticks = 0;
        _asks++;
        if (_source != options.Self)
        {
            send(_source, new SnapshotAsk(_slot, usefulFrom(), _offset));
        }
    }
}
