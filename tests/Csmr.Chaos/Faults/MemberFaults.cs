using System.Net.Http.Json;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Faults;

/// <summary>
/// A replica's disk is gone, and with it its promises. It is replaced as docs/membership.md tells an operator to: in every group its
/// replica is removed and its node gets a new one. Every other time another replica is killed in the middle of that.
/// </summary>
public sealed class LostDisk : IFault
{
    private static readonly TimeSpan BackLimit = TimeSpan.FromMinutes(3);

    private ChaosMember? _victim;
    private ChaosMember? _killed;

    public string Name => "lost-disk";

    public string Summary => "SIGKILL of a replica whose disk is then empty; it is replaced in every group by REST, every other time with SIGKILL of another one meanwhile";

    public TimeSpan HoldMin => TimeSpan.Zero;

    public TimeSpan HoldMax => TimeSpan.FromSeconds(1);

    public async Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var cluster = context.Cluster;
        _victim = context.Pick([.. cluster.Replicas.Where(static replica => replica.Place.DataDirectory is null)]);
        context.Log(_victim.Name);
        await _victim.KillAsync();
        cluster.Archive.Lose(_victim);
        await _victim.StartAsync();
        var groups = await cluster.GroupsAsync(context.Cancellation);
        var killAt = context.Turn % 2 == 0 ? context.Random.Next(groups.Count) : -1;
        for (var i = 0; i < groups.Count; i++)
        {
            var group = groups[i].Group;
            var lost = (await cluster.GroupAsync(group, context.Cancellation)).Replicas.Single(replica => replica.Node == _victim.Name);
            var replacing = Replacement.RunAsync(cluster, group, lost, BackLimit, context.Cancellation);
            if (i == killAt)
            {
                await Task.Delay(context.Random.Next(500), context.Cancellation); // pause: at any step of the change
                _killed = context.Pick([.. cluster.Replicas.Where(replica => replica != _victim)]);
                context.Log($"in group {group} with {_killed.Name} killed");
                await _killed.KillAsync();
                await _killed.StartAsync();
            }

            await replacing;
        }
    }

    public async Task HealAsync(FaultContext context)
    {
        await (_victim?.StartAsync() ?? Task.CompletedTask);
        await (_killed?.StartAsync() ?? Task.CompletedTask);
    }
}

/// <summary>Every leadership is handed to another node, again and again.</summary>
public sealed class LeadershipsMoved : IFault
{
    private const int Rounds = 3;

    public string Name => "move-leaders";

    public string Summary => $"{Rounds} times every leadership is handed to a drawn node by REST";

    public TimeSpan HoldMin => TimeSpan.Zero;

    public TimeSpan HoldMax => TimeSpan.Zero;

    public async Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var done = 0;
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var group in await context.Cluster.GroupsAsync(context.Cancellation))
            {
                var body = JsonContent.Create(new { node = context.Pick(context.Cluster.Replicas).Name });
                var answer = await context.Cluster.AdministerAsync(HttpMethod.Post, $"/v1/groups/{group.Group}/leader", body, context.Cancellation);
                done += answer.StartsWith("200", StringComparison.Ordinal) ? 1 : 0;
            }
        }

        context.Log($"{done} handed over");
        HarnessException.Require(done > 0, () => "no leadership was handed over");
    }

    public Task HealAsync(FaultContext context) => Task.CompletedTask;
}
