using Microsoft.Extensions.Options;

namespace Csmr.Grains.Hosting;

/// <summary>Timing and bounds of the calls that enter at a silo.</summary>
public sealed class GatewayOptions
{
    /// <summary>Milliseconds after which a call is answered, where its caller does not say.</summary>
    public int CallTimeoutMs { get; set; } = 10_000;

    /// <summary>The longest time that a caller may ask for.</summary>
    public int CallTimeoutMsMax { get; set; } = 60_000;

    /// <summary>Milliseconds after which a batch that its leader has not answered is tried again, at whoever leads then.</summary>
    public int TryTimeoutMs { get; set; } = 1_500;

    /// <summary>Milliseconds without an answer to a batch after which its leader is asked whether it is still there.</summary>
    public int SilenceMs { get; set; } = 75;

    /// <summary>Milliseconds after which a replica that was asked for its status counts as not reachable.</summary>
    public int ProbeTimeoutMs { get; set; } = 300;

    /// <summary>Milliseconds between two rounds of looking for a leader.</summary>
    public int ProbePauseMs { get; set; } = 40;

    /// <summary>Milliseconds between two looks at the known leaders.</summary>
    public int WatchEveryMs { get; set; } = 500;

    /// <summary>Milliseconds for which results of calls with a key or a session are kept, where the caller does not say.</summary>
    public long RetentionMs { get; set; } = 3_600_000;

    /// <summary>Milliseconds beyond its time-out for which the result of a call without a key is kept: more than clocks differ.</summary>
    public long ExpiryMarginMs { get; set; } = 30_000;

    /// <summary>Bytes of the arguments of one call, at most.</summary>
    public int ArgumentsBytesMax { get; set; } = 1 << 20;

    /// <summary>Bytes of commands in one batch, at most (a larger single command goes alone).</summary>
    public int BatchBytesMax { get; set; } = 256 << 10;

    /// <summary>Commands in one batch, at most.</summary>
    public int BatchCommandsMax { get; set; } = 1024;

    /// <summary>Batches in flight to one group, at most; reads count apart. Further calls gather for the next batch.</summary>
    public int FlightsMax { get; set; } = 3;

    /// <summary>Calls waiting for one group, at most: beyond that they are refused as overload.</summary>
    public int WaitingMax { get; set; } = 16_384;

    /// <summary>Bytes of calls waiting for one group, at most.</summary>
    public long WaitingBytesMax { get; set; } = 64 << 20;
}

/// <summary>Refuses options that cannot work.</summary>
internal sealed class GatewayOptionsValidator : IValidateOptions<GatewayOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        var checks = new OptionChecks();
        checks.Require(options.CallTimeoutMs >= 1, "CallTimeoutMs must be at least 1");
        checks.Require(options.CallTimeoutMsMax >= options.CallTimeoutMs, "CallTimeoutMsMax must be at least CallTimeoutMs");
        checks.Require(options.TryTimeoutMs >= 50, "TryTimeoutMs must be at least 50");
        checks.Require(options.SilenceMs >= 10, "SilenceMs must be at least 10");
        checks.Require(options.ProbeTimeoutMs >= 20, "ProbeTimeoutMs must be at least 20");
        checks.Require(options.ProbePauseMs >= 1, "ProbePauseMs must be at least 1");
        checks.Require(options.WatchEveryMs >= 10, "WatchEveryMs must be at least 10");
        checks.Require(options.RetentionMs >= 1000, "RetentionMs must be at least 1000");
        checks.Require(options.ExpiryMarginMs >= 0, "ExpiryMarginMs must not be negative");
        checks.Require(options.ArgumentsBytesMax is >= 1024 and <= 16 << 20, "ArgumentsBytesMax must be between 1 KiB and 16 MiB");
        checks.Require(options.BatchBytesMax is >= 1024 and <= 16 << 20, "BatchBytesMax must be between 1 KiB and 16 MiB");
        checks.Require(options.BatchCommandsMax >= 1, "BatchCommandsMax must be at least 1");
        checks.Require(options.FlightsMax is >= 1 and <= 64, "FlightsMax must be between 1 and 64");
        checks.Require(options.WaitingMax >= 1, "WaitingMax must be at least 1");
        checks.Require(options.WaitingBytesMax >= 1 << 20, "WaitingBytesMax must be at least 1 MiB");
        return checks.Result;
    }
}
