using System.Collections.Concurrent;
using Csmr.Composition.Plans;
using Csmr.Grains.Hosting;
using Csmr.Grains.Replicas.Snapshots;
using Csmr.Replication.Ports;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Csmr.Grains.Replicas;

/// <summary>The replicas that this silo carries: what they are made of, that each is made once, and which have stopped.</summary>
internal sealed partial class LocalReplicas
{
    private readonly ConcurrentDictionary<string, bool> _claimed = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<GroupId, string> _stopped = new();
    private readonly TaskCompletionSource _admitted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ReplicaPorts _ports;
    private readonly ILogger<LocalReplicas> _logger;

    /// <summary>Makes it.</summary>
    /// <param name="silo">This silo.</param>
    /// <param name="ports">What the host provides.</param>
    /// <param name="options">The timing and bounds.</param>
    /// <param name="clock">The time.</param>
    /// <param name="logger">Takes what stops a replica.</param>
    public LocalReplicas(ILocalSiloDetails silo, ReplicaPorts ports, IOptions<ReplicaOptions> options, TimeProvider clock, ILogger<LocalReplicas> logger)
    {
        Cuts = new HeldCuts(clock);
        _ports = ports;
        _logger = logger;
        Silo = silo.Name;
        Options = options.Value;
        Groups = ports.Plan.Groups;
    }

    /// <summary>This silo's name.</summary>
    public string Silo { get; }

    /// <summary>The timing and bounds.</summary>
    public ReplicaOptions Options { get; }

    /// <summary>The groups that have, or may get, a replica here: all.</summary>
    public IReadOnlyList<GroupPlan> Groups { get; }

    /// <summary>What they share when they take snapshots.</summary>
    public SiloSnapshots Snapshots { get; } = new();

    /// <summary>The cuts of states that somebody reads.</summary>
    public HeldCuts Cuts { get; }

    /// <summary>The replicas that have stopped for good, and why.</summary>
    public IReadOnlyDictionary<GroupId, string> Stopped => _stopped;

    /// <summary>Completes when this silo is known to fit the others: before, none of its replicas does anything.</summary>
    public Task Admitted => _admitted.Task;

    /// <summary>Whether the silo is stopping: what fails from now on is no news.</summary>
    public bool IsStopping { get; set; }

    /// <summary>The silo fits the others.</summary>
    public void Admit() => _admitted.TrySetResult();

    /// <summary>Where a group's replica keeps its records.</summary>
    /// <param name="group">The group.</param>
    /// <returns>The journal.</returns>
    public IJournal JournalOf(GroupPlan group) => _ports.JournalOf(group);

    /// <summary>Where a group's replica keeps its snapshots.</summary>
    /// <param name="group">The group.</param>
    /// <returns>The store.</returns>
    public ISnapshotStore SnapshotsOf(GroupPlan group) => _ports.SnapshotsOf(group);

    /// <summary>Takes the part of a replica's log grain: once in the life of the process, since what is in memory cannot be made twice.</summary>
    /// <param name="key">The grain's key.</param>
    /// <returns>The group, and the replica that the plan has here, if any.</returns>
    /// <exception cref="InvalidOperationException">The key is not of this silo, or the part was taken before.</exception>
    public (GroupPlan Group, ReplicaPlan? Planned) ClaimLog(string key) => Claim("log", key);

    /// <summary>Takes the part of a replica's executing grain.</summary>
    /// <param name="key">The grain's key.</param>
    /// <returns>The group.</returns>
    /// <exception cref="InvalidOperationException">The key is not of this silo, or the part was taken before.</exception>
    public GroupPlan ClaimExecution(string key) => Claim("replica", key).Group;

    /// <summary>A replica has stopped for good.</summary>
    /// <param name="group">Its group.</param>
    /// <param name="cause">Why.</param>
    public void ReportStop(GroupId group, Exception cause)
    {
        if (IsStopping)
        {
            return;
        }

        _stopped[group] = cause.Message;
        LogStopped(Silo, group.Name, cause.Message, cause);
        _ports.OnReplicaStopped?.Invoke(group, cause);
    }

    /// <summary>A replica has begun or ceased to serve as its group's leader.</summary>
    /// <param name="group">The group.</param>
    /// <param name="ballot">The ballot that it takes part in.</param>
    /// <param name="isServing">Whether it serves now.</param>
    public void ReportLeadership(GroupId group, string ballot, bool isServing)
    {
        if (isServing)
        {
            GrainMeter.LeaderChanges.Add(1, new KeyValuePair<string, object?>("group", group.Name));
            LogLeads(Silo, group.Name, ballot);
        }
        else
        {
            LogLeadsNoMore(Silo, group.Name, ballot);
        }
    }

    /// <summary>A snapshot was not taken, or not received. The replica goes on, and tries again later.</summary>
    /// <param name="group">The group.</param>
    /// <param name="cause">Why.</param>
    public void ReportNoSnapshot(GroupId group, Exception cause)
    {
        // The store itself tells what is wrong with its disk.
        if (!IsStopping && cause is not SnapshotException)
        {
            LogNoSnapshot(Silo, group.Name, cause.Message, cause);
        }
    }

    /// <summary>A part of a snapshot could not be read for a peer, which asks again.</summary>
    /// <param name="group">The group.</param>
    /// <param name="cause">Why.</param>
    public void ReportPartNotSent(GroupId group, Exception cause)
    {
        if (!IsStopping)
        {
            LogPartNotSent(Silo, group.Name, cause.Message, cause);
        }
    }

    private (GroupPlan Group, ReplicaPlan? Planned) Claim(string part, string key)
    {
        if (!ReplicaKey.TryRead(key, out var silo, out var id) || !string.Equals(silo, Silo, StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"Replica '{key}' does not belong to silo '{Silo}'.");
        }

        var group = Groups.FirstOrDefault(group => group.Id == id)
            ?? throw new InvalidOperationException($"The plan has no group '{id}'.");
        if (!_claimed.TryAdd($"{part} {key}", value: true))
        {
            throw new InvalidOperationException($"The {part} of replica '{key}' was active in this process before: restart the process.");
        }

        return (group, group.Replicas.FirstOrDefault(replica => string.Equals(replica.Node, Silo, StringComparison.Ordinal)));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Silo} leads group {Group} (ballot {Ballot})")]
    private partial void LogLeads(string silo, string group, string ballot);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Silo} leads group {Group} no more (ballot {Ballot})")]
    private partial void LogLeadsNoMore(string silo, string group, string ballot);

    [LoggerMessage(Level = LogLevel.Error, Message = "The replica of group {Group} at {Silo} has no new snapshot, its journal grows on: {Reason}")]
    private partial void LogNoSnapshot(string silo, string group, string reason, Exception cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "The replica of group {Group} at {Silo} could not send a peer the part of a snapshot that it asked for: {Reason}")]
    private partial void LogPartNotSent(string silo, string group, string reason, Exception cause);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The replica of group {Group} at {Silo} has stopped: {Reason}")]
    private partial void LogStopped(string silo, string group, string reason, Exception cause);
}
