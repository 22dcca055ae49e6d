namespace Csmr.TestKit.Simulation;

/// <summary>Rare paths that a whole run must have reached: a simulator that misses them shows nothing about them.</summary>
public enum Probe
{
    /// <summary>Somebody began to lead.</summary>
    LeaderElected,

    /// <summary>A new leader proposed again what an older ballot had left unchosen.</summary>
    UnchosenAdopted,

    /// <summary>A new leader had two different values of two ballots to choose from.</summary>
    AdoptedFromTwoBallots,

    /// <summary>A new leader filled a hole before an adopted value.</summary>
    HoleFilled,

    /// <summary>Two replicas held themselves for the leader.</summary>
    TwoLeaders,

    /// <summary>A pre-vote was denied.</summary>
    PreVoteDenied,

    /// <summary>A reject arrived.</summary>
    RejectReceived,

    /// <summary>A message arrived a second time.</summary>
    DuplicateDelivered,

    /// <summary>A replica came back with some, not all, of what it was writing when it crashed.</summary>
    TornTail,

    /// <summary>A replica crashed between two of its sends.</summary>
    CrashAtSend,

    /// <summary>A replica crashed while records were being written.</summary>
    CrashBeforeFlush,

    /// <summary>All replicas were down at once.</summary>
    AllDown,

    /// <summary>A leader sent a peer entries from far behind.</summary>
    CatchUpFromFar,

    /// <summary>A read was confirmed by a leader that was not the first one.</summary>
    ReadAfterLeaderChange,

    /// <summary>A read was given up since the leadership ended.</summary>
    ReadGivenUp,

    /// <summary>A proposal with a slot was given up since the leadership ended.</summary>
    ProposalGivenUp,

    /// <summary>A proposal was refused as overload.</summary>
    Overloaded,

    /// <summary>A planned hand-over reached its heir.</summary>
    HandOver,

    /// <summary>A group was formed though one of its replicas started late.</summary>
    LateFormation,

    /// <summary>A replica with an emptied disk found that it must stay out.</summary>
    Outcast,

    /// <summary>A promise came in several chunks.</summary>
    PromiseInChunks,

    /// <summary>A retried command was answered from its session.</summary>
    Replayed,

    /// <summary>A retried command came after its time.</summary>
    Expired,

    /// <summary>An election went on with a witness as voter while an executing replica was down.</summary>
    WitnessVoted,

    /// <summary>A replica started from a snapshot and the records behind it.</summary>
    StartedFromSnapshot,

    /// <summary>A replica started behind a log that starts further on: its snapshot was lost.</summary>
    SnapshotLost,

    /// <summary>A replica took a snapshot from another one.</summary>
    SnapshotInstalled,

    /// <summary>A transfer of a snapshot went on where an earlier one had ended.</summary>
    TransferResumed,

    /// <summary>A leader told a peer that what it lacks is no more in the log.</summary>
    Truncated,

    /// <summary>Another configuration was chosen.</summary>
    Reconfigured,

    /// <summary>A replica was a learner.</summary>
    Learned,

    /// <summary>A replica heard that it is a member no more.</summary>
    Removed,

    /// <summary>A leader proposed a configuration again that an earlier one had proposed, and stood again for its voters.</summary>
    ConfigurationAdopted,

    /// <summary>A replica joined on the disk of one that had been removed.</summary>
    JoinedOnOldDisk,
}

/// <summary>How often each probe was reached. Not thread-safe: one for each worker, added up at the end.</summary>
public sealed class Probes
{
    private readonly long[] _counts = new long[Enum.GetValues<Probe>().Length];

    /// <summary>How often a probe was reached.</summary>
    /// <param name="probe">The probe.</param>
    public long this[Probe probe] => _counts[(int)probe];

    /// <summary>A probe is reached.</summary>
    /// <param name="probe">The probe.</param>
    public void Hit(Probe probe) => _counts[(int)probe]++;

    /// <summary>Adds another's counts.</summary>
    /// <param name="other">The other.</param>
    public void Add(Probes other)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }
    }

    /// <summary>The counts, for a person.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        string.Join(", ", Enum.GetValues<Probe>().Select(probe => $"{probe} {this[probe]}"));
}
