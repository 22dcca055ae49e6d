using Csmr.Composition.Plans;
using Csmr.Grains.Routing;
using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;
using Csmr.Replication.Ports;

namespace Csmr.Grains.Checkpoints;

/// <summary>Makes checkpoints: cuts all groups by one composite operation (R1), then writes the cuts to a file while the groups go on.</summary>
/// <param name="plan">The plan.</param>
/// <param name="calls">Sends operations.</param>
/// <param name="cuts">Reads cuts.</param>
/// <param name="store">Keeps what comes of it.</param>
/// <param name="clock">The time.</param>
internal sealed class CheckpointMaker(Plan plan, TransferCalls calls, CutReader cuts, ICheckpointStore store, TimeProvider clock)
{
    private static readonly TimeSpan HoldPeriod = TimeSpan.FromSeconds(20);

    /// <summary>Makes one.</summary>
    /// <param name="job">Is told about the progress.</param>
    /// <param name="id">Its name.</param>
    /// <param name="groups">The groups.</param>
    /// <returns>Completes when it is kept.</returns>
    public async Task MakeAsync(Job job, string id, IReadOnlyList<GroupPlan> groups)
    {
        job.Begin("cut");
        GroupPlan[] byName = [.. groups.OrderBy(static group => group.Id.Name, StringComparer.Ordinal)];
        GroupId[] names = [.. byName.Select(static group => group.Id)];
        var cut = new GatewaySession().Id.ToString();
        var steps = await calls.MulticastAsync(names, RequestOf(cut), TransferPrograms.Cut(byName, cut));
        await using var holding = clock.CreateTimer(_ => cuts.Hold(names, cut, isWanted: true), state: null, HoldPeriod, HoldPeriod);
        try
        {
            using var writer = store.Create(HeadOf(id, groups, name => steps[Array.IndexOf(names, name)]));
            job.Begin("read");
            for (var i = 0; i < groups.Count; i++)
            {
                await foreach (var part in cuts.ReadAsync(groups[i].Id, cut))
                {
                    writer.Write(i, part);
                    job.Advance(part.Length);
                }
            }

            job.Begin("write");
            writer.Publish();
        }
        finally
        {
            cuts.Hold(names, cut, isWanted: false);
        }
    }

    private CheckpointHead HeadOf(string id, IReadOnlyList<GroupPlan> groups, Func<GroupId, SettledStep> stepOf) => new()
    {
        Id = id,
        Composition = plan.Name,
        ManifestVersion = plan.Version,
        CreatedAtMs = clock.GetUtcNow().ToUnixTimeMilliseconds(),
        Groups =
        [
            .. groups.Select(group => new CheckpointGroup(
                group.Id.Name, group.Service, group.Machine.Definition.Name, IsItemized(group), stepOf(group.Id).Slot)),
        ],
    };

    private static RequestId RequestOf(string cut) => new(SessionId.TryParse(cut, out var session) ? session : default, 1, 0);

    /// <summary>Whether the states of a group come as items.</summary>
    /// <param name="group">The group.</param>
    /// <returns>Whether they do.</returns>
    public static bool IsItemized(GroupPlan group) => group.Machine.Create(group.Settings) is IItemizedStateMachine;
}
