using System.Globalization;
using Csmr.Load.Compare.Systems;

namespace Csmr.Load.Compare;

/// <summary>CSMR beside itself: what durability, keys, composition, partitions and age cost, and what it does when it is asked too much.</summary>
/// <param name="contest">Measures.</param>
/// <param name="results">Where results go.</param>
/// <param name="log">Is told what is done.</param>
/// <param name="cancellation">Ends it.</param>
public sealed class OwnComparison(Contest contest, Results results, Action<string> log, CancellationToken cancellation)
{
    private const int Clients = 64;
    private const int FullPairs = 5;
    private const int Keys = 1_000_000;
    private const int KeysOfALook = 100_000;

    // One store as it is, one without a disk, the same behind a partition and behind a union, and one in four parts.
    private const string Composition = """
        services:
          store: {machine: kv}
          memory: {machine: kv, durability: memory}
          other: {machine: kv}
          parts: {machine: kv, partitions: {hash: {buckets: 64, groups: 4}}}
        compose:
          routing:
            partition:
              by: {put: key}
              prefixes: [{prefix: other-, service: other}]
              default: store
          union: {add: [{from: store, only: [put]}, {from: other, only: [get]}]}
          nested: {add: [{from: union}]}
          api:
            add:
              - {from: store, only: [put, get]}
              - {from: memory, only: [put], rename: {put: put-memory}}
              - {from: routing, rename: {put: put-routed}}
              - {from: nested, only: [put], rename: {put: put-united}}
              - {from: parts, only: [put], rename: {put: put-parts}}
        expose: [api]
        """;

    /// <summary>The parts.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["costs", "age", "overload", "failover", "memory"];

    /// <summary>Measures.</summary>
    /// <param name="part">What.</param>
    /// <returns>Completes when it is measured.</returns>
    public Task MeasureAsync(string part) => part switch
    {
        "costs" => CostsAsync(),
        "age" => AgeAsync(),
        "overload" => new Overload(results, log).MeasureAsync(cancellation),
        "failover" => new Failover(results, log).MeasureAsync(cancellation),
        "memory" => new Memory(contest.Options.Pairs < FullPairs ? KeysOfALook : Keys, results, log).MeasureAsync(cancellation),
        _ => throw new ArgumentException($"there is no part '{part}'", nameof(part)),
    };

    private async Task CostsAsync()
    {
        await using var csmr = await CsmrSystem.StartAsync(Composition, log, cancellationToken: cancellation);
        await using var plain = new CsmrHttp(csmr.Url);
        (string Load, CsmrHttp One, string Name)[] pairs =
        [
            ("put, fsync to memory", new CsmrHttp(csmr.Url, "memory", "put-memory"), "durable"),
            ("put, without an idempotency key to with one", new CsmrHttp(csmr.Url, "with keys", isKeyed: true), "without keys"),
            ("put, direct to routed by a partition", new CsmrHttp(csmr.Url, "routed", "put-routed"), "direct"),
            ("put, direct to united by two unions", new CsmrHttp(csmr.Url, "united", "put-united"), "direct"),
            ("put, 1 partition to 4", new CsmrHttp(csmr.Url, "4 partitions", "put-parts"), "1 partition"),
        ];
        await contest.PrepareAsync(plain, Loads.Put);
        foreach (var (load, one, name) in pairs)
        {
            await contest.PrepareAsync(one, Loads.Put);
            await using var other = new CsmrHttp(csmr.Url, name);

            // What is durable stands first of durable and memory; in the others what is composed does.
            var (first, second) = name == "durable" ? (other, one) : (one, other);
            await contest.MeasureAsync("costs", Loads.Put with { Name = load }, Clients, [new Side(first, csmr), new Side(second, csmr)]);
            await one.DisposeAsync();
        }
    }

    /// <summary>A run ten times as long as the others' measurements together: the last tenth against the first one.</summary>
    private async Task AgeAsync()
    {
        const int Tenths = 10;
        await using var csmr = await CsmrSystem.StartAsync(CsmrSystem.Plain, log, cancellationToken: cancellation);
        await using var plain = new CsmrHttp(csmr.Url);
        await contest.PrepareAsync(plain, Loads.Put);
        var time = contest.Options.Time * contest.Options.Pairs;
        var tenths = new List<Measured>();
        for (var tenth = 0; tenth < Tenths; tenth++)
        {
            tenths.Add(await ClosedLoop.RunAsync(Clients, time, (client, random) => Loads.Put.Call(plain, client, random), seed: tenth));
        }

        results.Figures.Add(new FurtherFigure(
            "age",
            $"puts per second in each tenth of a run of {Tenths * time.TotalSeconds:0} s, {Clients} clients ({tenths.Sum(static one => one.Calls):N0} puts)",
            string.Join(", ", tenths.Select(static one => one.PerSecond.ToString("N0", CultureInfo.InvariantCulture))),
            ""));
        results.Figures.Add(new FurtherFigure("age", "the last tenth to the first", (tenths[^1].PerSecond / tenths[0].PerSecond).ToString("F2", CultureInfo.InvariantCulture), ""));
        log(results.Figures[^2].Ours);
    }
}
