namespace Csmr.Replication.Paxos;

/// <content>Snapshots: where the log begins, and how a replica gets what is no more in others' logs.</content>
public sealed partial class PaxosNode
{
    /// <summary>A snapshot of this replica's own state is published: what it covers need not be kept (S1).</summary>
    /// <param name="slot">Its slot. Told again for the same one, it frees what the journal holds for this replica.</param>
    public void Compact(Slot slot)
    {
        // S1: nothing goes that this replica has not executed itself, or has as a witness from one that has.
        Invariant.Require(slot <= _delivered, "S1");
        Compact(slot, _acceptor.Configurations.Behind(slot));
        Settle();
    }

    /// <summary>A part of a snapshot is written.</summary>
    /// <param name="slot">The snapshot's slot.</param>
    /// <param name="offset">The first byte of its file that is missing: further on than the part's end where more was received before.</param>
    public void SnapshotReceived(Slot slot, long offset) => _catchUp.OnReceived(slot, offset);

    /// <summary>What was received of a snapshot is of no use, or could not be written: it begins again elsewhere.</summary>
    public void SnapshotRejected() => _catchUp.OnRejected();

    /// <summary>A snapshot from another replica is published here: the log goes on from it.</summary>
    /// <param name="snapshot">Where it ends.</param>
    public void Install(in SnapshotStart snapshot)
    {
        Restart(snapshot);
        _catchUp.OnInstalled(snapshot.Slot);
        Settle();
    }

    /// <summary>Asks for a newer snapshot than the own one: what a witness does, which makes none, when its log has grown.</summary>
    public void FetchSnapshot()
    {
        if (_formation.IsMember)
        {
            Lack(_acceptor.Base.Next);
        }
    }

    private Slot UsefulFrom() => Options.IsWitness ? _acceptor.Base.Next : LacksState ? _acceptor.Log.Base : _acceptor.ChosenUpTo.Next;

    private void Lack(Slot slot) => _catchUp.Need(slot, _leadership is null ? _leader : null);

    /// <summary>Goes on from a published snapshot, where that is ahead.</summary>
    private void Restart(in SnapshotStart snapshot)
    {
        if (snapshot.Slot > _acceptor.Base)
        {
            Compact(snapshot.Slot, snapshot.Slot <= _acceptor.ChosenUpTo ? _acceptor.Configurations.Behind(snapshot.Slot) : Read(snapshot.Configuration));
        }

        if (snapshot.Slot > _delivered)
        {
            _delivered = snapshot.Slot;
            Effects.Restore = Options.IsWitness ? Slot.None : snapshot.Slot;
        }
    }

    private void Compact(Slot slot, GroupConfiguration configuration) => _acceptor.Compact(slot, configuration, _formation.Pack(configuration));

    private GroupConfiguration Read(ReadOnlyMemory<byte> configuration) =>
        configuration.IsEmpty ? _formation.Ticket.Configuration : GroupConfiguration.Read(configuration);
}
