using System.CommandLine;
using System.Globalization;
using Csmr.Chaos.Processes;
using Csmr.Load.Compare.Systems;

namespace Csmr.Load.Compare;

/// <summary>The command that measures two builds of the server, or two settings of its run time, in turn: what a change brings.</summary>
public static class VersusCommand
{
    private const string One = "one";
    private const string Other = "other";

    /// <summary>Makes it.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        var folder = new Option<DirectoryInfo?>("--other") { Description = "The folder of the other build of Csmr.Server; the same as the first one's where left out." };
        var environment = new Option<string[]>("--other-env") { Description = "NAME=VALUE for the other side's processes.", AllowMultipleArgumentsPerToken = true };
        var hold = new Option<bool>("--hold") { Description = "Starts the first side alone and loads it until the time is over, for a profiler; says the processes." };
        var pairs = new Option<int>("--pairs") { Description = "How often each side is measured, in turn.", DefaultValueFactory = static _ => 7 };
        var seconds = new Option<double>("--seconds") { Description = "How long one measurement takes.", DefaultValueFactory = static _ => 1.5 };
        var clients = new Option<int[]>("--clients") { Description = "The numbers of clients.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = static _ => [1, 64, 256] };
        var loads = new Option<string[]>("--loads") { Description = "What is measured: http or native, a dash, and the load.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = static _ => ["http-put", "native-put"] };
        var command = new Command("versus", "Two builds of the server, or two settings of its run time, measured in turn.") { folder, environment, hold, pairs, seconds, clients, loads };
        command.SetAction(async (result, cancellation) =>
        {
            var contest = new Contest(
                new ContestOptions(result.GetValue(pairs), TimeSpan.FromSeconds(result.GetValue(seconds)), result.GetValue(clients)!), await Machine.FindAsync(), Results.Empty, static _ => { });
            await using var first = await CsmrSystem.StartAsync(CsmrSystem.Plain, Console.WriteLine, cancellationToken: cancellation);
            if (result.GetValue(hold))
            {
                await HoldAsync(contest, first, result.GetValue(loads)!, cancellation);
                return 0;
            }

            await using var second = await CsmrSystem.StartAsync(CsmrSystem.Plain, Console.WriteLine, PlaceOf(result.GetValue(folder), result.GetValue(environment) ?? []), cancellation);
            foreach (var load in result.GetValue(loads)!)
            {
                await MeasureAsync(contest, load, first, second);
            }

            return 0;
        });
        return command;
    }

    private static async Task MeasureAsync(Contest contest, string name, CsmrSystem first, CsmrSystem second)
    {
        var load = LoadOf(name);
        await using var one = await TargetAsync(name, first, One);
        await using var other = await TargetAsync(name, second, Other);
        await contest.PrepareAsync(one, Loads.Put, load);
        await contest.PrepareAsync(other, Loads.Put, load);
        foreach (var clients in contest.Options.Clients)
        {
            var cell = await contest.MeasureAsync(name, load, clients, [new Side(one, first), new Side(other, second)]);
            var (a, b) = (cell.Sides[0], cell.Sides[1]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
                {name}, {clients}: throughput one to other {Statistics.Median(cell.Ratios(b)):F2} ({string.Join(", ", cell.Ratios(b).Select(static ratio => ratio.ToString("F2", CultureInfo.InvariantCulture)))})
                    {Told(a)}
                    {Told(b)}
                """));
        }
    }

    private static async Task HoldAsync(Contest contest, CsmrSystem system, IReadOnlyList<string> loads, CancellationToken cancellation)
    {
        foreach (var name in loads)
        {
            await using var target = await TargetAsync(name, system, One);
            await contest.PrepareAsync(target, Loads.Put, LoadOf(name));
            foreach (var clients in contest.Options.Clients)
            {
                var leader = await system.Cluster.LeaderOfAsync("store", cancellation);
                Console.WriteLine($"loading {name} {clients} leader {leader?.Name} {string.Join(' ', system.Cluster.Members.Select(static member => $"{member.Name}={member.Process!.Id}"))}");
                var cell = await contest.MeasureAsync(name, LoadOf(name), clients, [new Side(target, system)]);
                Console.WriteLine(Told(cell.Sides[0]));
            }
        }
    }

    private static string Told(SideResult side) => string.Create(
        CultureInfo.InvariantCulture,
        $"{side.Name} {side.Median(static sample => sample.PerSecond):N0}/s p50 {side.Median(static sample => sample.P50Ms):F2} p99 {side.Median(static sample => sample.P99Ms):F2} ms, {side.ServerCpuPer1000:F3} CPU s per 1,000, {side.Median(static sample => sample.MemoryMib):N0} MiB");

    private static Load LoadOf(string name) =>
        Loads.All.First(load => string.Equals(load.Name, name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..], StringComparison.Ordinal));

    private static async Task<ILoadTarget> TargetAsync(string name, CsmrSystem system, string side) =>
        name.StartsWith("http", StringComparison.Ordinal) ? new CsmrHttp(system.Url, side) : new CsmrOrleans(await system.ConnectToLeaderAsync("store"), side);

    /// <summary>Where the other side's processes run: the same command line, with the other build in it.</summary>
    private static Place PlaceOf(DirectoryInfo? folder, IEnumerable<string> environment) => new()
    {
        Wrapper = folder is null ? [] : ["sh", "-c", """shift 2; exec dotnet "$0" "$@" """.TrimEnd(), Path.Combine(folder.FullName, "Csmr.Server.dll")],
        Environment = environment.ToDictionary(static pair => pair[..pair.IndexOf('=', StringComparison.Ordinal)], static pair => pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..], StringComparer.Ordinal),
    };
}
