using Csmr.TestKit.Checking;
using Csmr.TestKit.Checking.Histories;

namespace Csmr.Chaos.Checks;

/// <summary>Judges a history twice: with the groups' logs as witness, and by a search that knows nothing of them.</summary>
public static class HistoryJudge
{
    /// <summary>Judges.</summary>
    /// <param name="history">The operations.</param>
    /// <param name="replays">What each group executed.</param>
    /// <param name="report">Takes what was found.</param>
    public static void Judge(IReadOnlyList<HistoryOperation> history, IReadOnlyCollection<GroupReplay> replays, CheckReport report)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(replays);
        ArgumentNullException.ThrowIfNull(report);

        // The typed clients do not hand out where a read was answered: only the search judges such a read.
        var placed = history.Where(static operation => operation.Request is not null || operation.Slots is not null || operation.Status != OperationStatus.Ok).ToArray();
        var logs = replays.ToDictionary(static replay => replay.Group.Id.Name, static replay => replay.Executed, StringComparer.Ordinal);
        var witness = WitnessCheck.Check(placed, logs);
        foreach (var problem in witness.Problems)
        {
            report.Violated(problem);
        }

        report.Require(witness.Unclaimed == 0, () => $"the logs have {witness.Unclaimed} operations that nobody sent");
        report.Checked(
            $"witness: {placed.Length} of {history.Count} operations have a place in the logs, each acknowledged one executed once with its answer, in an order that respects real time");
        report.Checked(
            $"unknown outcomes settled by the logs: {witness.Done} executed, {witness.NotDone} not; {replays.Sum(static replay => replay.Repetitions)} repeated commands in the logs were not executed again");
        Search(history, report);
    }

    private static void Search(IReadOnlyList<HistoryOperation> history, CheckReport report)
    {
        var verdict = HistoryCheck.Check(history, HistoryRules.Services);
        foreach (var problem in verdict.Problems)
        {
            report.Violated($"{problem.Found}: {string.Join(", ", problem.Objects.Take(5))}: {problem.Text}");
        }

        if (verdict.Found == Linearizability.Linearizable)
        {
            report.Checked($"search: {verdict}");
        }
    }
}
