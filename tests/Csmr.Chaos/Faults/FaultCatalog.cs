using Csmr.Chaos.Clocks;
using Csmr.Chaos.Disks;
using Csmr.Chaos.Network;

namespace Csmr.Chaos.Faults;

/// <summary>All kinds of faults.</summary>
public static class FaultCatalog
{
    private static readonly Func<IFault>[] Factories =
    [
        static () => new KillFollower(),
        static () => new KillLeader(),
        static () => new KillAll(),
        static () => new KillGateway(),
        static () => new KillGateways(),
        static () => new KillMajority(),
        static () => new RollingRestart(),
        static () => new LostDisk(),
        static () => new LeadershipsMoved(),
        static () => new PauseLeader(),
        static () => new PauseLeaderLong(),
        static () => new PauseGateway(),
        static () => new StopDatabase(),
        static () => new StopDatabaseLong(),
        static () => new DoubleOnData(),
        static () => new DoubleOnName(),
        static () => new CutFollower(),
        static () => new CutLeader(),
        static () => new CutMinority(),
        static () => new DeafLeader(),
        static () => new MuteLeader(),
        static () => new CutPartially(),
        static () => new CutGateway(),
        static () => new FlappingLink(),
        static () => new SlowLossyNetwork(),
        static () => new ReorderingNetwork(),
        static () => new ThinLine(),
        static () => new ResetConnections(),
        static () => new FlushError(),
        static () => new WriteError(),
        static () => new ShortWrites(),
        static () => new SlowFlushes(),
        static () => new TornWrite(),
        static () => new DiskFull(),
        static () => new DiskBroken(),
        static () => new LeaderAhead(),
        static () => new LeaderBehind(),
        static () => new GatewayAstray(),
        static () => new ClockDrift(),
    ];

    /// <summary>The names of all faults.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Factories.Select(static factory => factory().Name)];

    /// <summary>Makes one.</summary>
    /// <returns>The fault; null where none has that name.</returns>
    public static IFault? Make(string name) => Factories.Select(static factory => factory()).FirstOrDefault(fault => fault.Name == name);
}
