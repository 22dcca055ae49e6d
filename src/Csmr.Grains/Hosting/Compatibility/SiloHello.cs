using System.Reflection;
using Csmr.Composition.Plans;

namespace Csmr.Grains.Hosting.Compatibility;

/// <summary>The version of what silos say to each other and of how they execute it.</summary>
/// <param name="Current">
/// This program's. It goes up with every change of a message, of a record that replicas exchange, or of what a command does: replicas
/// that execute one log in two ways are replicas no more.
/// </param>
/// <param name="Oldest">The oldest one beside which this program works: silos of both may be in one cluster during a rolling upgrade.</param>
public sealed record ProtocolVersion(int Current, int Oldest)
{
    /// <summary>This program's.</summary>
    public static ProtocolVersion OfThisProgram { get; } = new(Current: 2, Oldest: 2);
}

/// <summary>What a silo tells of itself, so that another one knows whether the two can be in one cluster.</summary>
/// <param name="Protocol">The version that it speaks.</param>
/// <param name="OldestProtocol">The oldest one that it understands.</param>
/// <param name="Program">The version of the program, for people.</param>
/// <param name="Groups">For each group of its plan what all replicas of the group must agree on.</param>
[GenerateSerializer, Immutable, Alias("csmr.SiloHello")]
internal sealed record SiloHello(
    [property: Id(0)] int Protocol,
    [property: Id(1)] int OldestProtocol,
    [property: Id(2)] string Program,
    [property: Id(3)] Dictionary<string, string> Groups)
{
    /// <summary>Of this program with a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="version">The version.</param>
    /// <returns>What is told.</returns>
    public static SiloHello Of(Plan plan, ProtocolVersion version) => new(
        version.Current,
        version.Oldest,
        typeof(SiloHello).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?",
        plan.Groups.ToDictionary(static group => group.Id.Name, Describe, StringComparer.Ordinal));

    /// <summary>Why this silo and another one cannot be in one cluster.</summary>
    /// <param name="other">What the other one says.</param>
    /// <param name="name">The other one's name.</param>
    /// <returns>The reason; null where they can. A group that only one of them knows is no reason: plans grow.</returns>
    public string? WhyNotWith(SiloHello other, string name)
    {
        if (Protocol < other.OldestProtocol || other.Protocol < OldestProtocol)
        {
            return $"this program ({Program}) speaks version {Protocol} of the protocol and understands {OldestProtocol} and later; " +
                $"silo {name} ({other.Program}) speaks {other.Protocol} and understands {other.OldestProtocol} and later. Upgrade by way of a release that understands both";
        }

        foreach (var (group, own) in Groups)
        {
            if (other.Groups.TryGetValue(group, out var theirs) && !string.Equals(own, theirs, StringComparison.Ordinal))
            {
                return $"group '{group}' is {own} here and {theirs} at silo {name}. All silos of a cluster need manifests that agree on this";
            }
        }

        return null;
    }

    // What decides how an entry is executed and what an acknowledgement promises. Who has the replicas is not in it: that is replicated.
    private static string Describe(GroupPlan group)
    {
        var machine = group.Machine.Definition;
        var settings = machine.Settings.Select(setting => $"{setting.Name}: {group.Settings[setting.Name].ToString()}");
        var operations = machine.Operations.Select(static operation => $"{operation.Name}({string.Join(", ", operation.Parameters.Select(static parameter => $"{parameter.Name} {parameter.Type}"))})");
        return $"machine {machine.Name} {{{string.Join(", ", settings)}}} of {string.Join(", ", operations)} with {group.Durability}";
    }
}
