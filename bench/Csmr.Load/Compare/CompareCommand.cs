using System.CommandLine;

namespace Csmr.Load.Compare;

/// <summary>The command that measures CSMR beside others and writes what came of it.</summary>
public static class CompareCommand
{
    /// <summary>Makes it.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        var quick = new Option<bool>("--quick") { Description = "A look: 2 rounds of 1 s, with 1 and 64 clients, unless said otherwise." };
        var pairs = new Option<int?>("--pairs") { Description = "How often each side is measured, in turn with the others; 5 where left out." };
        var seconds = new Option<double?>("--seconds") { Description = "How long one measurement takes; 1.5 where left out." };
        var clients = new Option<int[]>("--clients") { Description = "The numbers of clients; 1, 16, 64 and 256 where left out.", AllowMultipleArgumentsPerToken = true };
        var parts = new Option<string[]>("--parts")
        {
            Description = $"What is measured: {string.Join(", ", Comparison.Parts)}.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = static _ => [.. Comparison.Parts],
        };
        parts.AcceptOnlyFromAmong([.. Comparison.Parts]);
        var folder = new Option<DirectoryInfo>("--out")
        {
            Description = "Where the results go: results.json, RESULTS.md and the plots. Parts that are not measured now keep what they have there.",
            DefaultValueFactory = static _ => new DirectoryInfo("artifacts/bench"),
        };
        var command = new Command("compare", "CSMR beside others, with the same load: etcd, ZooKeeper, Raft of DotNext, and the limits of the machine.")
        {
            quick, pairs, seconds, clients, parts, folder,
        };
        command.SetAction(async (result, cancellation) =>
        {
            var isQuick = result.GetValue(quick);
            var options = new ContestOptions(
                result.GetValue(pairs) ?? (isQuick ? 2 : 5),
                TimeSpan.FromSeconds(result.GetValue(seconds) ?? (isQuick ? 1 : 1.5)),
                result.GetValue(clients) is { Length: > 0 } given ? given : isQuick ? [1, 64] : [1, 16, 64, 256]);
            await Comparison.RunAsync(options, result.GetValue(parts)!, result.GetValue(folder)!.FullName, Console.WriteLine, cancellation);
            return 0;
        });
        return command;
    }
}
