using System.Globalization;

namespace Csmr.Load.Compare;

/// <summary>One of those that are compared.</summary>
/// <param name="Target">The way to it.</param>
/// <param name="System">Its processes.</param>
public sealed record Side(ILoadTarget Target, ILoadSystem System);

/// <summary>How it is measured.</summary>
/// <param name="Pairs">How often each side is measured, in turn with the others.</param>
/// <param name="Time">How long one measurement takes.</param>
/// <param name="Clients">The numbers of clients.</param>
public sealed record ContestOptions(int Pairs, TimeSpan Time, IReadOnlyList<int> Clients);

/// <summary>Measures sides in turn: A B A B, so that what the machine does otherwise meets all of them.</summary>
/// <param name="options">How.</param>
/// <param name="machine">The machine.</param>
/// <param name="results">Where results go.</param>
/// <param name="log">Is told what was measured.</param>
public sealed class Contest(ContestOptions options, Machine machine, Results results, Action<string> log)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(6);
    private const int PeerTries = 4;
    private static readonly TimeSpan PeerPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Ramp = TimeSpan.FromSeconds(0.3);

    private int _seed;

    /// <summary>How it is measured.</summary>
    public ContestOptions Options => options;

    /// <summary>Fills a side with the keys and lets it compile what the loads need.</summary>
    /// <param name="target">The way to it.</param>
    /// <param name="loads">The loads.</param>
    /// <returns>Completes when it is warm.</returns>
    public async Task PrepareAsync(ILoadTarget target, params IReadOnlyList<Load> loads)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(loads);
        if (loads.Any(static load => load != Loads.Lock))
        {
            await Loads.FillAsync(target);
        }

        foreach (var load in loads)
        {
            await target.OpenAsync(64);
            await RunAsync(target, load, 64, WarmUp / loads.Count);
        }
    }

    /// <summary>Measures a load on several sides, with each number of clients.</summary>
    /// <param name="section">What it belongs to.</param>
    /// <param name="load">The load.</param>
    /// <param name="sides">The sides.</param>
    /// <returns>Completes when it is measured.</returns>
    public async Task MeasureAsync(string section, Load load, params IReadOnlyList<Side> sides)
    {
        foreach (var clients in options.Clients)
        {
            await MeasureAsync(section, load, clients, sides);
        }
    }

    /// <summary>The same with one number of clients.</summary>
    /// <param name="section">What it belongs to.</param>
    /// <param name="load">The load.</param>
    /// <param name="clients">How many clients.</param>
    /// <param name="sides">The sides.</param>
    /// <returns>The measurements.</returns>
    public async Task<Cell> MeasureAsync(string section, Load load, int clients, IReadOnlyList<Side> sides)
    {
        ArgumentNullException.ThrowIfNull(load);
        ArgumentNullException.ThrowIfNull(sides);
        var cell = new Cell(section, load.Name, clients, [.. sides.Select(static side => new SideResult(side.Target.Name, []))]);
        foreach (var side in sides)
        {
            await side.Target.OpenAsync(clients);
            await RunAsync(side.Target, load, clients, Ramp);
        }

        for (var pair = 0; pair < options.Pairs; pair++)
        {
            for (var i = 0; i < sides.Count; i++)
            {
                cell.Sides[i].Samples.Add(await (i == 0 ? SampleAsync(sides[i], load, clients) : PatientlyAsync(sides[i], load, clients)));
            }
        }

        results.Cells.Add(cell);
        log(string.Create(CultureInfo.InvariantCulture, $"{section}, {load.Name}, {clients}: ") + string.Join("; ", cell.Sides.Select(Told)));
        return cell;
    }

    /// <summary>A peer that fails in a measurement gets another chance. The first side, ours, gets none.</summary>
    private async Task<Sample> PatientlyAsync(Side side, Load load, int clients)
    {
        for (var left = PeerTries; ; left--)
        {
            try
            {
                return await SampleAsync(side, load, clients);
            }
            catch (Exception cause) when (left > 1 && cause is HttpRequestException or IOException)
            {
                log($"{side.Target.Name} failed and is measured again: {cause.Message}");
                await Task.Delay(PeerPause); // pause: it may be electing a leader
            }
        }
    }

    private async Task<Sample> SampleAsync(Side side, Load load, int clients)
    {
        GC.Collect();
        using var own = System.Diagnostics.Process.GetCurrentProcess();
        var (servers, generator, disk) = (Machine.CpuOf(side.System.Processes), own.TotalProcessorTime, machine.DiskBytes);
        var measured = await RunAsync(side.Target, load, clients, options.Time);
        own.Refresh();
        return new Sample(
            measured.PerSecond,
            measured.P50Ms,
            measured.P99Ms,
            measured.Calls,
            (Machine.CpuOf(side.System.Processes) - servers).TotalSeconds,
            (own.TotalProcessorTime - generator).TotalSeconds,
            machine.DiskBytes - disk,
            Machine.MemoryMibOf(side.System.Processes));
    }

    private Task<Measured> RunAsync(ILoadTarget target, Load load, int clients, TimeSpan time) =>
        ClosedLoop.RunAsync(clients, time, (client, random) => load.Call(target, client, random), seed: ++_seed);

    private static string Told(SideResult side) => string.Create(
        CultureInfo.InvariantCulture,
        $"{side.Name} {side.Median(static sample => sample.PerSecond):N0}/s p50 {side.Median(static sample => sample.P50Ms):F2} p99 {side.Median(static sample => sample.P99Ms):F2} ms, {side.ServerCpuPer1000:F3} CPU s");
}
