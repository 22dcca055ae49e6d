using Csmr.Replication.Ports;

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

    /// <summary>
    /// What the disk of this replica holds in short: for a replica with another id that joins on it when this one belongs to the group
    /// no more. What it has accepted was proposed in that ballot, so the new one may tell of it (A1); its promise stands.
    /// </summary>
    /// <returns>The records; those of an empty disk where this replica was never a member.</returns>
    public IReadOnlyList<JournalRecord> Relics()
    {
        if (!_formation.IsMember)
        {
            return [];
        }

        var records = new List<JournalRecord>
        {
            new(JournalRecordKind.Base, _acceptor.Promised, _acceptor.Base, _formation.Pack(_acceptor.Configurations.Behind(_acceptor.Base))),
        };
        for (var slot = _acceptor.Base.Next; slot <= _acceptor.Log.Last; slot = slot.Next)
        {
            if (_acceptor.Log.Has(slot))
            {
                records.Add(new JournalRecord(JournalRecordKind.Accepted, _acceptor.Log.BallotOf(slot), slot, _acceptor.Log.EntryOf(slot)));
            }
        }

        records.Add(new JournalRecord(JournalRecordKind.Chosen, Ballot.None, _acceptor.ChosenUpTo, default));
        return records;
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
