using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests;

/// <summary>Every directed schedule can be carried out on the real core and breaks nothing there.</summary>
public sealed class ScheduleTests
{
    public static TheoryData<string> Names => [.. Schedules.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Schedule_OnTheRealCore_HoldsAllInvariants(string name)
    {
        var violation = Schedules.Run(name);
        Assert.True(violation is null, $"{violation?.Id}: {violation?.What}");
    }
}
