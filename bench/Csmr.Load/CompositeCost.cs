using System.Globalization;
using System.Text;
using Csmr.Chaos.Processes;

namespace Csmr.Load;

/// <summary>How a cost is measured.</summary>
/// <param name="Time">How long one measurement takes.</param>
/// <param name="Rounds">How often each is taken.</param>
/// <param name="Clients">Clients of the measurements of throughput.</param>
public sealed record CostOptions(TimeSpan Time, int Rounds, int Clients);

/// <summary>
/// What atomic calls cost: plain puts, puts with an append in both modes, puts into four partitions, and plain puts beside atomic calls.
/// All in one server process with durable data; each measurement in every round, medians of the rounds.
/// </summary>
public static class CompositeCost
{
    private const int Keys = 1_000;

    private const string Manifest = """
        apiVersion: csmr/v1
        kind: Composition
        metadata: {name: cost, version: 1}
        nodes: [n1, n2, n3]
        defaults: {f: 1, durability: fsync}
        services:
          one: {machine: kv}
          two: {machine: kv}
          three: {machine: kv}
          four: {machine: kv}
          audit: {machine: log}
        compose:
          store:
            partition:
              by: {get: key, put: key}
              ranges: [{to: b, service: one}, {from: b, to: c, service: two}, {from: c, to: d, service: three}, {from: d, service: four}]
          api:
            extend: store
            operations:
              atomic:
                summary: Put and append, atomic.
                in: {key: string, value: json}
                steps:
                  - {id: put, call: store.put}
                  - {id: entry, call: audit.append, with: {entry: $in.value}}
                return: {version: $put.version, index: $entry.index}
              independent:
                summary: Put and append, independent.
                in: {key: string, value: json}
                steps:
                  - {id: put, call: store.put}
                  - {id: entry, call: audit.append, with: {entry: $in.value}}
                return: {version: $put.version, index: $entry.index}
                consistency: independent
              four:
                summary: Puts into four partitions.
                in: {one: string, two: string, three: string, four: string, value: json}
                steps:
                  - {id: one, call: store.put, with: {key: $in.one, value: $in.value}}
                  - {id: two, call: store.put, with: {key: $in.two, value: $in.value}}
                  - {id: three, call: store.put, with: {key: $in.three, value: $in.value}}
                  - {id: four, call: store.put, with: {key: $in.four, value: $in.value}}
                return: {version: $four.version}
        expose: [api]
        """;

    private static readonly CallKind Plain = new("plain put", static random => ("put", Put("a", random)));
    private static readonly CallKind Independent = new("put + append, independent", static random => ("independent", Put("a", random)));
    private static readonly CallKind Atomic = new("put + append, atomic", static random => ("atomic", Put("a", random)));
    private static readonly CallKind Four = new("put into four partitions, atomic", static random =>
        ("four", new { one = Key("a", random), two = Key("b", random), three = Key("c", random), four = Key("d", random), value = "value" }));

    // The same partition: keys of its own, or few keys that the measured puts write too.
    private static readonly CallKind Disjoint = new("", static random => ("atomic", Put("a-other", random)));
    private static readonly CallKind Hot = new("plain put, 64 keys", static random => ("put", new { key = $"a-hot-{random.Next(64)}", value = "value" }));
    private static readonly CallKind HotAtomic = new("", static random => ("atomic", new { key = $"a-hot-{random.Next(64)}", value = "value" }));

    /// <summary>Measures.</summary>
    /// <param name="options">How.</param>
    /// <param name="log">Is told what is done.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A table in Markdown.</returns>
    public static async Task<string> MeasureAsync(CostOptions options, Action<string> log, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(log);
        using var directory = new TemporaryDirectory();
        var manifest = Path.Combine(directory.Path, "cost.yaml");
        await File.WriteAllTextAsync(manifest, Manifest, cancellationToken);
        await using var server = await ServerProcess.StartReadyAsync("--manifest", manifest, "--data", Path.Combine(directory.Path, "data"));
        using var loop = new RestLoop(server.Http.BaseAddress!);
        var cells = new Dictionary<(string Row, bool IsAlone), List<Measured>>();
        await loop.MeasureAsync(Atomic, options.Clients, options.Time);
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var kind in new[] { Plain, Independent, Atomic, Four })
            {
                await TakeAsync(kind.Name, kind, null, 0);
            }

            foreach (var share in new[] { 0, 0.01, 0.10 })
            {
                await TakeAsync(Beside(Plain, "other", share), Plain, Disjoint, share);
                await TakeAsync(Beside(Hot, "the same", share), Hot, HotAtomic, share);
            }

            log($"round {round} of {options.Rounds}");
        }

        return Table(cells, options);

        async Task TakeAsync(string row, CallKind kind, CallKind? beside, double share)
        {
            foreach (var isAlone in new[] { true, false })
            {
                cancellationToken.ThrowIfCancellationRequested();
                var measured = await loop.MeasureAsync(kind, isAlone ? 1 : options.Clients, options.Time, beside, share);
                (cells.TryGetValue((row, isAlone), out var list) ? list : cells[(row, isAlone)] = []).Add(measured);
            }
        }
    }

    private static string Beside(CallKind kind, string keys, double share) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind.Name}, beside {share:P0} atomic calls on {keys} keys");

    private static string Table(Dictionary<(string Row, bool IsAlone), List<Measured>> cells, CostOptions options)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"| calls | p50 ms, 1 client | p99 ms | p50 to plain put | calls/s, {options.Clients} clients | p50 ms | to plain put |");
        text.AppendLine("|---|--:|--:|--:|--:|--:|--:|");
        var (baseAlone, baseMany) = (Median(cells[(Plain.Name, true)]), Median(cells[(Plain.Name, false)]));
        foreach (var row in cells.Keys.Select(static key => key.Row).Distinct())
        {
            var (alone, many) = (Median(cells[(row, true)]), Median(cells[(row, false)]));
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {row} | {alone.P50Ms:F2} | {alone.P99Ms:F2} | {alone.P50Ms / baseAlone.P50Ms:F2} | {many.PerSecond:F0} | {many.P50Ms:F2} | {many.PerSecond / baseMany.PerSecond:F2} |");
        }

        return text.ToString();
    }

    private static Measured Median(List<Measured> rounds) => new(
        Median(rounds, static one => one.PerSecond), Median(rounds, static one => one.P50Ms), Median(rounds, static one => one.P99Ms), rounds.Sum(static one => one.Calls));

    private static double Median(List<Measured> rounds, Func<Measured, double> of) => rounds.Select(of).Order().ElementAt(rounds.Count / 2);

    private static object Put(string prefix, Random random) => new { key = Key(prefix, random), value = "value" };

    private static string Key(string prefix, Random random) => $"{prefix}-{random.Next(Keys)}";
}
