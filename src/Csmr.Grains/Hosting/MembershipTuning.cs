using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Csmr.Grains.Hosting;

/// <summary>
/// How fast Orleans membership notices a dead silo. A routing hint only: failover rests on the groups' own timers. The
/// defaults notice in about ten seconds: a silo that has just started, and reads its log on a busy machine, must not be told that it is
/// dead, or it starts again and again.
/// </summary>
public sealed class MembershipTuning
{
    /// <summary>Milliseconds after which a probe of a silo counts as missed, and between two probes.</summary>
    public int ProbeTimeoutMs { get; set; } = 1_000;

    /// <summary>Missed probes after which a silo votes for another's death.</summary>
    public int MissedProbesMax { get; set; } = 8;

    /// <summary>Votes that declare a silo dead.</summary>
    public int VotesForDeath { get; set; } = 2;

    /// <summary>Milliseconds between two unconditional reads of the membership table.</summary>
    public int TableRefreshMs { get; set; } = 5_000;

    /// <summary>Milliseconds between two signs of life in the table.</summary>
    public int IAmAliveMs { get; set; } = 5_000;

    /// <summary>Sets Orleans' options.</summary>
    /// <param name="options">Them.</param>
    internal void Apply(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromMilliseconds(ProbeTimeoutMs);
        options.NumMissedProbesLimit = MissedProbesMax;
        options.NumVotesForDeathDeclaration = VotesForDeath;
        options.TableRefreshTimeout = TimeSpan.FromMilliseconds(TableRefreshMs);
        options.IAmAliveTablePublishTimeout = TimeSpan.FromMilliseconds(IAmAliveMs);

        // On, it keeps votes against a paused silo back for as long as its connections live.
        options.EnableConnectionLivenessCheck = false;
    }
}

/// <summary>Refuses options that cannot work.</summary>
internal sealed class MembershipTuningValidator : IValidateOptions<MembershipTuning>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, MembershipTuning options)
    {
        var checks = new OptionChecks();
        checks.Require(options.ProbeTimeoutMs >= 100, "ProbeTimeoutMs must be at least 100");
        checks.Require(options.MissedProbesMax >= 1, "MissedProbesMax must be at least 1");
        checks.Require(options.VotesForDeath >= 1, "VotesForDeath must be at least 1");
        checks.Require(options.TableRefreshMs >= 500, "TableRefreshMs must be at least 500");
        checks.Require(options.IAmAliveMs >= 500, "IAmAliveMs must be at least 500");
        return checks.Result;
    }
}
