using Csmr.Composition.Plans;
using Csmr.Grains.Hosting;
using Csmr.Grains.Replicas.Membership;
using Microsoft.Extensions.Options;

namespace Csmr.Grains.Routing;

/// <summary>Changes who belongs to the groups, and who leads them. Safe for concurrent use.</summary>
public interface IClusterAdmin
{
    /// <summary>Adds a replica to a group, or removes one, where its leader is.</summary>
    /// <param name="group">The group, of the plan.</param>
    /// <param name="change">What is to change.</param>
    /// <param name="cancellationToken">Ends the waiting, not the change.</param>
    /// <returns>What came of it; <see cref="ChangeOutcome.NotLeader"/> where no leader was found in time, and nothing is changed.</returns>
    Task<ChangeReply> ChangeAsync(GroupId group, MemberChange change, CancellationToken cancellationToken = default);

    /// <summary>Gives the leadership of a group to another replica.</summary>
    /// <param name="group">The group, of the plan.</param>
    /// <param name="node">The node whose replica is to lead; null for any other.</param>
    /// <param name="cancellationToken">Ends the waiting, not the change.</param>
    /// <returns>What came of it.</returns>
    Task<ChangeReply> HandOverAsync(GroupId group, string? node, CancellationToken cancellationToken = default);
}

/// <summary>Asks the leaders; see <see cref="IClusterAdmin"/>.</summary>
/// <param name="plan">The plan.</param>
/// <param name="groups">The ways to the groups.</param>
/// <param name="options">The timing.</param>
/// <param name="clock">The time.</param>
internal sealed class ClusterAdmin(Plan plan, GroupDirectory groups, IOptions<GatewayOptions> options, TimeProvider clock) : IClusterAdmin
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public Task<ChangeReply> ChangeAsync(GroupId group, MemberChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        return change.Node is { } node && !plan.Nodes.Contains(node)
            ? Task.FromResult(new ChangeReply(ChangeOutcome.Refused, $"'{node}' is no node of the composition; it has {string.Join(", ", plan.Nodes)}"))
            : AskLeaderAsync(group, leader => leader.Grain.ChangeAsync(change), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ChangeReply> HandOverAsync(GroupId group, string? node, CancellationToken cancellationToken = default)
    {
        var leaders = groups[group].Leaders;
        if (await FindAsync(leaders, clock.GetTimestamp(), cancellationToken) is not { } leader)
        {
            return new ChangeReply(ChangeOutcome.NotLeader);
        }

        if (string.Equals(leader.Node, node, StringComparison.Ordinal))
        {
            return new ChangeReply(ChangeOutcome.Done, Leader: node);
        }

        var reply = await AskLeaderAsync(
            group,
            async leader =>
            {
                await leader.Grain.HandOverAsync(node);
                leaders.Lose(leader);
                return new ChangeReply(ChangeOutcome.Done);
            },
            cancellationToken);
        if (reply.Outcome != ChangeOutcome.Done)
        {
            return reply;
        }

        var next = await FindAsync(leaders, clock.GetTimestamp(), cancellationToken);
        return next is not null && (node is null ? !string.Equals(next.Node, leader.Node, StringComparison.Ordinal) : string.Equals(next.Node, node, StringComparison.Ordinal))
            ? new ChangeReply(ChangeOutcome.Done, Leader: next.Node)
            : new ChangeReply(ChangeOutcome.Refused, $"{next?.Node ?? "nobody"} leads: {node ?? "no other node"} has no replica that votes, executes, answers and has everything");
    }

    private async Task<ChangeReply> AskLeaderAsync(GroupId group, Func<KnownLeader, Task<ChangeReply>> ask, CancellationToken cancellationToken)
    {
        var leaders = groups[group].Leaders;
        var begun = clock.GetTimestamp();
        while (await FindAsync(leaders, begun, cancellationToken) is { } leader)
        {
            try
            {
                var reply = await ask(leader).WaitAsync(AnswerTimeout, clock, cancellationToken);
                if (reply.Outcome != ChangeOutcome.NotLeader)
                {
                    return reply;
                }

                leaders.Follow(leader, reply.Leader);
                await Task.Delay(Pause, clock, cancellationToken);
            }
            catch (Exception cause) when (cause is not OperationCanceledException)
            {
                // Whether it was done can only be seen by who looks at the members.
                leaders.Lose(leader);
                return new ChangeReply(ChangeOutcome.Unknown, cause.Message);
            }
        }

        return new ChangeReply(ChangeOutcome.NotLeader);
    }

    private async Task<KnownLeader?> FindAsync(LeaderFinder leaders, long begun, CancellationToken cancellationToken)
    {
        while (clock.GetElapsedTime(begun) < Patience)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await leaders.FindAsync(TimeSpan.FromMilliseconds(options.Value.ProbeTimeoutMs)) is { } leader)
            {
                return leader;
            }
        }

        return null;
    }
}
