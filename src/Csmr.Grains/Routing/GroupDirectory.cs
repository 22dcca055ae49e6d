using System.Collections.Frozen;
using Csmr.Composition.Plans;
using Csmr.Grains.Hosting;
using Csmr.Grains.Replicas;
using Csmr.Grains.Replicas.Pinning;
using Csmr.Replication.Machine;
using Microsoft.Extensions.Options;

namespace Csmr.Grains.Routing;

/// <summary>The way from this silo to every group of the plan.</summary>
internal sealed class GroupDirectory : IDisposable
{
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromMilliseconds(25);

    private readonly FrozenDictionary<GroupId, GroupCaller> _callers;
    private readonly ITimer _sweep;

    /// <summary>Makes it.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="silos">Where the silos are.</param>
    /// <param name="grains">Makes references.</param>
    /// <param name="options">The timing and bounds.</param>
    /// <param name="clock">Drives the sweep of calls whose time is over, and the groups' times between two answers.</param>
    public GroupDirectory(Plan plan, SiloMap silos, IGrainFactory grains, IOptions<GatewayOptions> options, TimeProvider clock)
    {
        _callers = plan.Groups.ToFrozenDictionary(
            static group => group.Id,
            group => new GroupCaller(group, new LeaderFinder(group.Id, group.Replicas.Select(static replica => replica.Node).Union(plan.Nodes, StringComparer.Ordinal), silos, grains, options.Value), options.Value, clock));
        _sweep = clock.CreateTimer(static state => ((GroupDirectory)state!).Sweep(), this, SweepPeriod, SweepPeriod);
    }

    /// <summary>All groups.</summary>
    public IEnumerable<GroupCaller> All => _callers.Values;

    /// <summary>One group.</summary>
    /// <param name="group">Its name, from the plan.</param>
    public GroupCaller this[GroupId group] => _callers[group];

    /// <summary>One group.</summary>
    /// <param name="group">Its name.</param>
    /// <returns>The way to it; null where the plan has no such group.</returns>
    public GroupCaller? Find(GroupId group) => _callers.GetValueOrDefault(group);

    /// <inheritdoc/>
    public void Dispose() => _sweep.Dispose();

    private void Sweep()
    {
        var now = Environment.TickCount64;
        foreach (var caller in _callers.Values)
        {
            caller.Sweep(now);
        }
    }
}

/// <summary>The way from this silo to one group.</summary>
internal sealed class GroupCaller
{
    private readonly CallLane _commands;
    private readonly CallLane _reads;
    private readonly GatewayOptions _options;

    /// <summary>Makes it.</summary>
    /// <param name="group">The group.</param>
    /// <param name="leaders">Finds its leader.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="clock">Goes on between two answers of the group.</param>
    public GroupCaller(GroupPlan group, LeaderFinder leaders, GatewayOptions options, TimeProvider clock)
    {
        (Group, Leaders, _options) = (group, leaders, options);
        var time = new GroupTime(clock);
        _commands = new CallLane(group.Id.Name, leaders, time, options, isRead: false);
        _reads = new CallLane(group.Id.Name, leaders, time, options, isRead: true);
    }

    /// <summary>The group.</summary>
    public GroupPlan Group { get; }

    /// <summary>Finds its leader.</summary>
    public LeaderFinder Leaders { get; }

    /// <summary>Sends a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="keptMs">For how long it may be executed and its result is kept, by the group's time; 0 where the command says until when.</param>
    /// <param name="deadline">When the caller wants an answer.</param>
    /// <param name="cancellationToken">The caller does not wait any more.</param>
    /// <returns>The answer.</returns>
    public Task<GroupAnswer> ExecuteAsync(in Command command, long keptMs, long deadline, CancellationToken cancellationToken) =>
        AddAsync(_commands, new PendingCall(command, keptMs, deadline), cancellationToken);

    /// <summary>Sends a read.</summary>
    /// <param name="invocation">The packed invocation.</param>
    /// <param name="deadline">When the caller wants an answer.</param>
    /// <param name="cancellationToken">The caller does not wait any more.</param>
    /// <returns>The answer.</returns>
    public Task<GroupAnswer> ReadAsync(byte[] invocation, long deadline, CancellationToken cancellationToken) =>
        AddAsync(_reads, new PendingCall(new Command { Invocation = invocation }, 0, deadline), cancellationToken);

    /// <summary>Brings messages of another group's outbox into this group's log. Tried once: the sender tries again.</summary>
    /// <param name="batch">The packed batch.</param>
    /// <returns>The number of the last message that the group has received; null where nobody said.</returns>
    public async Task<long?> DeliverAsync(byte[] batch)
    {
        if (await Leaders.FindAsync(TimeSpan.FromMilliseconds(_options.ProbeTimeoutMs)) is not { } leader)
        {
            return null;
        }

        try
        {
            var reply = await leader.Grain.ProposeAsync(batch).WaitAsync(TimeSpan.FromMilliseconds(_options.TryTimeoutMs), leader.Lost);
            switch (reply.Kind)
            {
                case GroupReplyKind.Answered:
                    return ReplicatedMachine.ReadReceived(reply.Replies);
                case GroupReplyKind.NotLeader:
                    Leaders.Follow(leader, reply.Leader);
                    return null;
                case GroupReplyKind.Overloaded:
                    return null;
                default:
                    break;
            }
        }
        catch (Exception)
        {
            GrainMeter.TriesFailed.Add(1);
        }

        Leaders.Lose(leader);
        return null;
    }

    /// <summary>Gives up the calls whose time is over.</summary>
    /// <param name="now">The time.</param>
    public void Sweep(long now)
    {
        _commands.Sweep(now);
        _reads.Sweep(now);
    }

    private static Task<GroupAnswer> AddAsync(CallLane lane, PendingCall call, CancellationToken cancellationToken)
    {
        var answer = lane.AddAsync(call);
        return cancellationToken.CanBeCanceled && !answer.IsCompleted ? WaitAsync(call, cancellationToken) : answer;
    }

    private static async Task<GroupAnswer> WaitAsync(PendingCall call, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(static call => ((PendingCall)call!).GiveUp(), call);
        return await call.Task;
    }
}
