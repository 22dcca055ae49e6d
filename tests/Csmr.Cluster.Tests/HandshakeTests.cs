using Csmr.Composition.Plans;
using Csmr.Grains.Hosting.Compatibility;
using Csmr.Server.Hosting;
using Csmr.Services;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Cluster.Tests;

/// <summary>A silo that cannot work with those in the cluster ends and says why; one that can, though it differs, is let in.</summary>
public sealed class HandshakeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task SiloOfAnotherProtocol_DoesNotJoin(int further)
    {
        var (current, oldest) = further > 0
            ? (ProtocolVersion.OfThisProgram.Current + further, ProtocolVersion.OfThisProgram.Current + further)
            : (ProtocolVersion.OfThisProgram.Oldest + further, ProtocolVersion.OfThisProgram.Oldest + further);
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());

        var refusal = await RefusalAsync(cluster.SettingsOf("stranger"), new ProtocolVersion(current, oldest));

        Assert.Contains($"speaks version {current} of the protocol and understands {oldest} and later", refusal, StringComparison.Ordinal);
        var (ours, oldestOfOurs) = ProtocolVersion.OfThisProgram;
        Assert.Contains($"speaks {ours} and understands {oldestOfOurs} and later", refusal, StringComparison.Ordinal);
        await AssertServesAsync(cluster);
    }

    [Fact]
    public async Task SiloOfTheNextProtocol_ThatUnderstandsThisOne_Joins()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        await using var newer = SiloNode.Open(With(cluster.SettingsOf("newer"), new ProtocolVersion(ProtocolVersion.OfThisProgram.Current + 1, ProtocolVersion.OfThisProgram.Current)));
        await newer.StartAsync(TestContext.Current.CancellationToken);
        await AssertServesAsync(cluster);
    }

    [Fact]
    public async Task ReplicaWithOtherSettingsOfAMachine_DoesNotComeBack_AndWithTheRightOnesDoes()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        await cluster.StopSiloAsync("n3");
        var other = cluster.Plan with
        {
            Groups = [.. cluster.Plan.Groups.Select(static group => group.Id.Name == "events" ? group with { Settings = Limited(group.Machine.Definition) } : group)],
        };

        var refusal = await RefusalAsync(cluster.SettingsOf("n3") with { Plan = other }, ProtocolVersion.OfThisProgram);

        Assert.Contains("group 'events' is machine log {entryBytesMax: 17", refusal, StringComparison.Ordinal);
        await AssertServesAsync(cluster);
        await cluster.StartSiloAsync("n3");
        await cluster.UntilEqualAsync("events", 3);
    }

    [Fact]
    public async Task GatewayWithAGroupMore_Joins()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var type = ShippedMachines.Catalog.Find("counter")!;
        var more = cluster.Plan.Groups[0] with { Id = new GroupId("more"), Machine = type, Settings = MachineSettings.Defaults(type.Definition) };
        await using var newer = SiloNode.Open(cluster.SettingsOf("newer") with { Plan = cluster.Plan with { Groups = [.. cluster.Plan.Groups, more] } });
        await newer.StartAsync(TestContext.Current.CancellationToken);
        await AssertServesAsync(cluster);
    }

    private static MachineSettings Limited(MachineDefinition log) =>
        new(log, new Dictionary<string, Value>(StringComparer.Ordinal) { ["entryBytesMax"] = Value.Of(17) });

    private static SiloSettings With(SiloSettings settings, ProtocolVersion version) =>
        settings with { Further = silo => silo.Services.AddSingleton(version) };

    private static async Task<string> RefusalAsync(SiloSettings settings, ProtocolVersion version)
    {
        await using var silo = SiloNode.Open(With(settings, version));
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => silo.StartAsync(TestContext.Current.CancellationToken));
        return Assert.IsType<IncompatibleSiloException>(failure.GetBaseException()).Message;
    }

    private static async Task AssertServesAsync(SiloCluster cluster)
    {
        var reply = await cluster.CallAsync("put", """{"key": "a", "value": 1}""");
        Assert.Equal(CallStatus.Done, reply.Status);
    }
}
