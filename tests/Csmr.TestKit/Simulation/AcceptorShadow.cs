using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// What the simulator itself knows of one acceptor from its records, apart from the node: promises and votes, appended and
/// durable. The statements about the acceptor are checked against this.
/// </summary>
internal sealed class AcceptorShadow
{
    /// <summary>The acceptor's votes in the order of its journal.</summary>
    public SlotChains Votes { get; } = new();

    /// <summary>How many of the votes are durable.</summary>
    public int DurableVotes { get; private set; }

    /// <summary>The highest ballot in any appended promise or vote.</summary>
    public Ballot AppendedPromise { get; private set; }

    /// <summary>The highest ballot in any durable promise or vote.</summary>
    public Ballot DurablePromise { get; private set; }

    /// <summary>Whether the replica's identity is durable.</summary>
    public bool HasIdentity { get; private set; }

    /// <summary>Whether the agreement to the members' incarnations is durable.</summary>
    public bool HasAgreed { get; private set; }

    /// <summary>Whether the formation is durable.</summary>
    public bool IsFormed { get; private set; }

    /// <summary>Whether the disk was emptied after the group was formed: it must never vote again.</summary>
    public bool IsLost { get; set; }

    /// <summary>The highest round that this replica used for a ballot of its own in an earlier life.</summary>
    public long EarlierRoundMax { get; private set; }

    /// <summary>The highest round that this replica used for a ballot of its own in this life.</summary>
    public long RoundMax { get; set; }

    /// <summary>The ballot of the newest read round seen, and the round.</summary>
    public (Ballot Ballot, long Round) ReadRound { get; set; }

    /// <summary>The slots of this life's deliveries so far.</summary>
    public long Delivered { get; set; }

    /// <summary>The slots that the node calls chosen and that were checked against its own votes.</summary>
    public long ChosenChecked { get; set; }

    /// <summary>Up to which slot acknowledgements of a ballot were checked.</summary>
    public (Ballot Ballot, long UpTo) Acknowledged { get; set; }

    /// <summary>The slot of the last base that was appended: the votes up to there are gone.</summary>
    public long Base { get; private set; }

    private long _durableBase;

    /// <summary>A record is appended.</summary>
    /// <param name="record">The record.</param>
    /// <param name="digest">The digest of the entry, for a vote.</param>
    public void Append(in JournalRecord record, ulong digest)
    {
        switch (record.Kind)
        {
            case JournalRecordKind.Promised:
                AppendedPromise = Max(AppendedPromise, record.Ballot);
                break;
            case JournalRecordKind.Accepted:
                AppendedPromise = Max(AppendedPromise, record.Ballot);
                Votes.Add(record.Slot.Number, record.Ballot, digest);
                break;
            case JournalRecordKind.Base:
                AppendedPromise = Max(AppendedPromise, record.Ballot);
                Base = record.Slot.Number;
                break;
            default:
                break;
        }
    }

    /// <summary>A record is durable.</summary>
    /// <param name="record">The record.</param>
    public void Flush(in JournalRecord record)
    {
        switch (record.Kind)
        {
            case JournalRecordKind.Identity:
                HasIdentity = true;
                break;
            case JournalRecordKind.Agreed:
                HasAgreed = true;
                break;
            case JournalRecordKind.Formed:
                IsFormed = true;
                break;
            case JournalRecordKind.Promised:
                DurablePromise = Max(DurablePromise, record.Ballot);
                break;
            case JournalRecordKind.Accepted:
                DurablePromise = Max(DurablePromise, record.Ballot);
                DurableVotes++;
                break;
            case JournalRecordKind.Base:
                DurablePromise = Max(DurablePromise, record.Ballot);
                _durableBase = record.Slot.Number;
                IsFormed = true;
                break;
            default:
                break;
        }
    }

    /// <summary>The index of the durable vote for a slot in a ballot, or -1.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="ballot">The ballot.</param>
    /// <returns>The index in <see cref="Votes"/>.</returns>
    public int FindDurable(long slot, Ballot ballot)
    {
        var index = Votes.Find(slot, ballot);
        return index < DurableVotes ? index : -1;
    }

    /// <summary>The replica crashed: what was not durable is gone.</summary>
    public void Crash()
    {
        Votes.Cut(DurableVotes);
        AppendedPromise = DurablePromise;
        Base = _durableBase;
        EarlierRoundMax = Math.Max(EarlierRoundMax, RoundMax);
        RoundMax = 0;
        ReadRound = default;
        Delivered = 0;
        ChosenChecked = 0;
        Acknowledged = default;
    }

    /// <summary>A replica with a new disk.</summary>
    public void Reset()
    {
        Votes.Clear();
        DurableVotes = 0;
        Base = _durableBase = 0;
        AppendedPromise = DurablePromise = Ballot.None;
        HasIdentity = HasAgreed = IsFormed = IsLost = false;
        EarlierRoundMax = RoundMax = 0;
        ReadRound = default;
        Delivered = ChosenChecked = 0;
        Acknowledged = default;
    }

    private static Ballot Max(Ballot left, Ballot right) => left > right ? left : right;
}
