using Csmr.TestKit.Multicast;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests;

/// <summary>Every directed schedule can be carried out on the real core and breaks nothing there.</summary>
public sealed class ScheduleTests
{
    public static TheoryData<string> Names => [.. Schedules.Names, .. MulticastSchedules.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Schedule_OnTheRealCore_HoldsAllInvariants(string name)
    {
        var violation = Schedules.Names.Contains(name) ? Schedules.Run(name) : MulticastSchedules.Run(name);
        Assert.True(violation is null, $"{violation?.Id}: {violation?.What}");
    }
}
