namespace Csmr.TestKit.Simulation;

/// <summary>
/// Defects planted into the host of a node, to test the test: each must be caught. They stand for mistakes that a core, a
/// journal or an effect runner could make.
/// </summary>
public enum HostBug
{
    /// <summary>No defect.</summary>
    None,

    /// <summary>Records are called durable as soon as they are appended, and are lost at a crash.</summary>
    FlushNotAwaited,

    /// <summary>Promises are missing from what a restart recovers.</summary>
    PromisesForgotten,

    /// <summary>Votes are missing from what a restart recovers.</summary>
    VotesForgotten,

    /// <summary>A crash loses a record and keeps a later one.</summary>
    HoleInTheJournal,

    /// <summary>A promise leaves out what its sender knows as chosen.</summary>
    PromiseWithoutChosen,

    /// <summary>A promise leaves out what its sender does not know as chosen.</summary>
    PromiseWithoutUnchosen,

    /// <summary>A promise tells the ballots of its entries wrongly: the value of a lower ballot is adopted.</summary>
    PromiseWithWrongBallots,

    /// <summary>A promise is sent though a higher ballot was promised before.</summary>
    PromiseBelowPromise,

    /// <summary>An acknowledgement counts for a replica that did not send it.</summary>
    AcceptedForged,

    /// <summary>An acknowledgement of an old ballot counts for the present one.</summary>
    AcceptedOfOldBallot,

    /// <summary>An acknowledgement covers one slot more than it may.</summary>
    AcceptedTooFar,

    /// <summary>A leader tells of one slot more than is chosen.</summary>
    ChosenTooFar,

    /// <summary>Reads are answered by whoever holds itself for the leader, without asking a quorum.</summary>
    ReadsWithoutQuorum,

    /// <summary>A replica with an emptied disk takes part as if nothing had happened.</summary>
    EmptiedDiskVotes,

    /// <summary>A chosen entry is not handed to the state machine.</summary>
    DeliverySkipped,

    /// <summary>A chosen entry is handed to the state machine twice.</summary>
    DeliveryDoubled,

    /// <summary>A replica that restarts has forgotten the sessions of what it applied before.</summary>
    SessionsForgotten,

    /// <summary>A retry has an id of its own.</summary>
    RetryWithNewId,

    /// <summary>A command is answered before it is chosen.</summary>
    AnsweredTooEarly,
}
