using Csmr.Composition.Plans;
using Csmr.Replication.Ports;
using Microsoft.Extensions.Options;

namespace Csmr.Grains.Hosting;

/// <summary>What a silo with replicas needs from its host.</summary>
/// <param name="Plan">The running plan.</param>
/// <param name="JournalOf">The journal of a group's replica on this silo. One journal may serve several groups.</param>
/// <param name="SnapshotsOf">The snapshots of a group's replica on this silo, beside that journal.</param>
public sealed record ReplicaPorts(Plan Plan, Func<GroupPlan, IJournal> JournalOf, Func<GroupPlan, ISnapshotStore> SnapshotsOf)
{
    /// <summary>Called when a replica has stopped for good, with the cause. The host decides whether the process ends.</summary>
    public Action<GroupId, Exception>? OnReplicaStopped { get; init; }
}

/// <summary>Timing and bounds of the replicas of a silo. The same on all silos of a cluster.</summary>
public sealed class ReplicaOptions
{
    /// <summary>The cluster's name: a disk of another cluster is refused.</summary>
    public string Cluster { get; set; } = "csmr";

    /// <summary>Milliseconds between two ticks of a replica's clock.</summary>
    public int TickMs { get; set; } = 25;

    /// <summary>Ticks between two heartbeats of a leader.</summary>
    public int HeartbeatTicks { get; set; } = 2;

    /// <summary>Ticks without a leader after which a replica may stand for election, at least.</summary>
    public int ElectionTicksMin { get; set; } = 20;

    /// <summary>The same, at most.</summary>
    public int ElectionTicksMax { get; set; } = 40;

    /// <summary>Ticks without progress after which entries are sent to a peer again.</summary>
    public int ResendTicks { get; set; } = 6;

    /// <summary>Bytes of batches that one replica has taken and not answered, at most: beyond that it answers that it is overloaded.</summary>
    public long OpenBytesMax { get; set; } = 64 << 20;

    /// <summary>
    /// Bytes of journal that a replica holds, at least, before it takes a snapshot; more where the snapshots of its silo are larger.
    /// </summary>
    public long SnapshotJournalBytes { get; set; } = 64 << 20;

    /// <summary>
    /// Bytes of entries that a replica keeps in memory though a snapshot covers them, at most: a peer that is behind by less needs no
    /// snapshot.
    /// </summary>
    public long RetainedLogBytes { get; set; } = 8 << 20;
}

/// <summary>Refuses options that cannot work.</summary>
internal sealed class ReplicaOptionsValidator : IValidateOptions<ReplicaOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ReplicaOptions options)
    {
        var checks = new OptionChecks();
        checks.Require(options.Cluster.Length > 0, "Cluster must not be empty");
        checks.Require(options.TickMs is >= 5 and <= 1000, "TickMs must be between 5 and 1000");
        checks.Require(options.HeartbeatTicks >= 1, "HeartbeatTicks must be at least 1");
        checks.Require(options.ElectionTicksMin >= 4 * options.HeartbeatTicks, "ElectionTicksMin must be at least 4 times HeartbeatTicks");
        checks.Require(options.ElectionTicksMax > options.ElectionTicksMin, "ElectionTicksMax must be larger than ElectionTicksMin");
        checks.Require(options.ResendTicks >= 1, "ResendTicks must be at least 1");
        checks.Require(options.OpenBytesMax >= 1 << 20, "OpenBytesMax must be at least 1 MiB");
        checks.Require(options.SnapshotJournalBytes >= 64 << 10, "SnapshotJournalBytes must be at least 64 KiB");
        checks.Require(options.RetainedLogBytes >= 0, "RetainedLogBytes must not be negative");
        return checks.Result;
    }
}

/// <summary>Gathers what is wrong with options.</summary>
internal sealed class OptionChecks
{
    private readonly List<string> _failures = [];

    /// <summary>The verdict.</summary>
    public ValidateOptionsResult Result => _failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_failures);

    /// <summary>Requires a condition.</summary>
    /// <param name="holds">Whether it holds.</param>
    /// <param name="failure">What to say where it does not.</param>
    public void Require(bool holds, string failure)
    {
        if (!holds)
        {
            _failures.Add(failure);
        }
    }
}
