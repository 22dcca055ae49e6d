using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Csmr.Chaos.Checks;
using Csmr.Chaos.Clusters;
using Csmr.Chaos.Composite;
using Csmr.Chaos.Histories;
using Csmr.Chaos.Loads;
using Csmr.Chaos.Processes;
using Csmr.Composition.Plans;

namespace Csmr.Chaos.Runs;

/// <summary>What is checked at the end of a run: first of the running cluster, then of its disks.</summary>
public sealed class RunJudge(ChaosCluster cluster, MixedLoad load, CheckReport checks, RunOptions options)
{
    /// <summary>Judges; afterwards no process of the cluster runs.</summary>
    public async Task JudgeAsync(CancellationToken cancellationToken)
    {
        foreach (var surprise in load.Surprises)
        {
            checks.Violated($"an answer that no right server gives: {surprise}");
        }

        await cluster.WaitWholeAsync(options.RecoveryLimit, cancellationToken);
        var plan = ChaosPlan.Read(cluster.ManifestFile);
        await CheckAuditAsync(cancellationToken);
        var atomic = new AtomicJudge(cluster, load.Atomic, checks);
        await AtomicJudge.WaitNothingPendingAsync(cluster, ChaosManifest.AtomicGroups, TimeSpan.Zero, options.RecoveryLimit, cancellationToken);
        await atomic.JudgeStateAsync(cancellationToken);
        var states = await WaitForEqualStatesAsync(plan, cancellationToken);
        await StopAsync();
        options.Log("judging");
        await cluster.Archive.RestoreAsync();
        JudgeDisks(plan, states, atomic);
    }

    /// <summary>Every replica that executes has the same state: equal digests at equal slots.</summary>
    private async Task<Dictionary<GroupId, (long Slot, string Digest)>> WaitForEqualStatesAsync(Plan plan, CancellationToken cancellationToken)
    {
        var states = new Dictionary<GroupId, (long Slot, string Digest)>();
        foreach (var group in plan.Groups)
        {
            var last = "";
            var areEqual = await Wait.UntilAsync(
                options.RecoveryLimit,
                async () =>
                {
                    var view = await cluster.GroupAsync(group.Id.Name, cancellationToken);
                    var executing = view.Replicas.Where(static replica => !replica.IsWitness).ToArray();
                    last = string.Join(", ", executing.Select(static replica => $"{replica.Node} {replica.AppliedUpTo} {replica.Digest}"));
                    states[group.Id] = (executing[0].AppliedUpTo, executing[0].Digest ?? "");
                    return executing.All(replica => replica.Digest is not null && (replica.AppliedUpTo, replica.Digest) == states[group.Id]);
                },
                cancellationToken);
            HarnessException.Require(areEqual, () => $"the replicas of group {group.Id} did not come to the same state within {options.RecoveryLimit}: {last}");
        }

        checks.Checked($"the states of all executing replicas are equal: {string.Join(", ", states.Select(static state => $"{state.Key} {state.Value.Digest} at slot {state.Value.Slot}"))}");
        return states;
    }

    /// <summary>The audited store over REST: every acknowledged <c>place</c> is in the audit log once, every other at most once.</summary>
    private async Task CheckAuditAsync(CancellationToken cancellationToken)
    {
        var found = await AuditAsync(cancellationToken);
        var placed = load.History.Calls.Where(static call => call.Operation == "place").ToArray();
        foreach (var call in placed)
        {
            var key = call.Arguments.GetProperty("key").GetString()!;
            var times = found.GetValueOrDefault(key);
            checks.Require(times <= 1 && (times == 1 || call.End != CallEnd.Ok), () => $"{key}, {call.End}, is in the audit log {times} times");
        }

        checks.Require(found.Count <= placed.Length, () => $"the audit log has {found.Count} keys, {placed.Length} were sent");
        checks.Checked($"audit log: {found.Count} entries for {placed.Count(static call => call.End == CallEnd.Ok)} acknowledged and {placed.Count(static call => call.End != CallEnd.Ok)} other calls, none missing, none twice");
    }

    private async Task<Dictionary<string, int>> AuditAsync(CancellationToken cancellationToken)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var http = cluster.Gateways[0].Process!.Http;
        for (long? first = 1; first is { } from;)
        {
            using var answer = await http.PostAsJsonAsync(new Uri("/v1/audit", UriKind.Relative), new { first = from, last = from + 999 }, cancellationToken);
            var page = JsonElement.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
            HarnessException.Require(answer.IsSuccessStatusCode, () => $"the audit log cannot be read: {page}");
            foreach (var entry in page.GetProperty("result").EnumerateArray())
            {
                var key = entry.GetProperty("key").GetString()!;
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }

            var got = page.GetProperty("result").GetArrayLength();
            first = got == 0 ? null : from + got;
        }

        return counts;
    }

    private async Task StopAsync()
    {
        foreach (var member in cluster.Gateways.Concat(cluster.Replicas))
        {
            var code = await member.TerminateAsync();
            checks.Require(code == 0, () => string.Create(CultureInfo.InvariantCulture, $"{member.Name} ended with code {code} after SIGTERM:\n{member.Process!.Tail}"));
        }
    }

    private void JudgeDisks(Plan plan, Dictionary<GroupId, (long Slot, string Digest)> states, AtomicJudge atomic)
    {
        var journals = cluster.Archive.Disks.Select(static disk => ReplicaJournal.Read(disk.Path, ChaosManifest.Name, disk.Node)).ToArray();
        checks.Checked($"{journals.Sum(journal => plan.Groups.Sum(group => journal.BasesOf(group.Id)))} times a snapshot took the place of a replica's log");
        var logs = plan.Groups.ToDictionary(static group => group.Id, group => ChosenLog.Find(group, journals, checks));
        var replays = plan.Groups.ToDictionary(static group => group.Id, group => GroupReplay.Run(group, logs[group.Id], new HashSet<long> { states[group.Id].Slot }));
        HistoryJudge.Judge(load.History.ToOperations(), [.. replays.Values.Where(static replay => !ChaosManifest.AtomicGroups.Contains(replay.Group.Id.Name))], checks);
        atomic.JudgeLogs(replays);
        foreach (var (group, (slot, digest)) in states)
        {
            var replayed = replays[group].Digests.GetValueOrDefault(slot);
            checks.Require(replayed == digest, () => $"A4: group {group}: the replicas' state at slot {slot} is {digest}, the replayed one {replayed}");
        }

        checks.Checked("the replayed state of every group is that of its replicas (A4)");
    }
}
