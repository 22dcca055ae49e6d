using Csmr.Chaos.Clusters;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Faults;

/// <summary>A second process on a data directory that is in use: it must end with one clear line, and the first must not notice.</summary>
public sealed class DoubleOnData : IFault
{
    private static readonly TimeSpan RefusalLimit = TimeSpan.FromMinutes(1);

    private ServerProcess? _double;

    public string Name => "double-data";

    public string Summary => "a second process on the data directory of a replica: refused, the first one unharmed";

    public TimeSpan HoldMin => TimeSpan.Zero;

    public TimeSpan HoldMax => TimeSpan.Zero;

    public async Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var first = context.Pick(context.Cluster.Replicas);
        var process = first.Process!;
        context.Log(first.Name);
        _double = first.StartDouble();
        var code = await _double.WaitForExitAsync(RefusalLimit);
        HarnessException.Require(code != 0 && _double.Output.Contains("another process uses it", StringComparison.Ordinal), () => $"a second process on the data of {first.Name} was not refused with the reason (code {code}):\n{_double.Output}");
        HarnessException.Require(!process.HasExited, () => $"{first.Name} ended when a second process tried its data:\n{process.Tail}");
    }

    public async Task HealAsync(FaultContext context)
    {
        if (_double is not null)
        {
            await _double.DisposeAsync();
        }
    }
}

/// <summary>
/// A second process with the name of a replica and an empty disk of its own: it displaces the first, and must neither vote nor answer
/// in its place.
/// </summary>
public sealed class DoubleOnName : IFault
{
    private static readonly TimeSpan ArrivalLimit = TimeSpan.FromMinutes(1);

    private ServerProcess? _double;
    private ChaosMember? _first;

    public string Name => "double-name";

    public string Summary => "a second process with the name of a replica and an empty disk: it never votes, and the first comes back when it has gone";

    public TimeSpan HoldMin => TimeSpan.FromSeconds(5);

    public TimeSpan HoldMax => TimeSpan.FromSeconds(15);

    public async Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _first = context.Pick(context.Cluster.Replicas);
        var process = _first.Process!;
        context.Log(_first.Name);
        _double = _first.StartDouble(context.Cluster.Sub($"double-{context.Turn}"));
        var hasCome = await Wait.UntilAsync(
            ArrivalLimit, () => Task.FromResult(_double.HasExited || _double.Output.Contains(" runs.", StringComparison.Ordinal)), context.Cancellation);
        HarnessException.Require(hasCome && !_double.HasExited, () => $"the second process named {_first.Name} did not come up:\n{_double.Tail}");
        var hasGone = await Wait.UntilAsync(ArrivalLimit, () => Task.FromResult(process.HasExited), context.Cancellation);
        HarnessException.Require(hasGone, () => $"{_first.Name} did not give way to the newer process of its name:\n{process.Tail}");
    }

    public async Task HealAsync(FaultContext context)
    {
        if (_double is not null)
        {
            await _double.DisposeAsync();
        }

        if (_first is not null)
        {
            await _first.StartAsync();
        }
    }
}
