namespace Csmr.TestKit.Simulation;

/// <summary>A checked statement that did not hold in a simulated run.</summary>
public sealed class ViolationException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="id">The invariant's number (A1 … A6), or one of the simulator's own: H1 (the host's contract), L1 (liveness).</param>
    /// <param name="what">What was seen.</param>
    public ViolationException(string id, string what)
        : base(what) => Id = id;

    /// <summary>The invariant's number.</summary>
    public string Id { get; }
}

/// <summary>What broke in a run, and where.</summary>
/// <param name="Id">The invariant.</param>
/// <param name="What">What was seen.</param>
/// <param name="Event">The number of the event (timed) or step (walk).</param>
public sealed record Violation(string Id, string What, long Event)
{
    /// <summary>Makes one of an exception that came out of a run.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="eventNumber">The event's number.</param>
    /// <returns>The violation.</returns>
    public static Violation Of(Exception exception, long eventNumber) => exception switch
    {
        ViolationException violation => new Violation(violation.Id, violation.Message, eventNumber),
        InvariantBrokenException broken => new Violation("core " + broken.Id, broken.ToString(), eventNumber),
        _ => new Violation("exception " + exception.GetType().Name, exception.ToString(), eventNumber),
    };
}

/// <summary>How a simulated run ended.</summary>
/// <param name="Engine">The engine: <c>timed</c> or <c>walk</c>.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Violation">What broke; null where all held.</param>
/// <param name="Trace">The hash of all that happened: equal seeds have equal hashes.</param>
/// <param name="Events">Events or steps.</param>
/// <param name="Answers">Calls of clients that were answered (walk: proposals and reads that ended well).</param>
/// <param name="VirtualUs">Virtual time that passed, in microseconds; 0 for the walk.</param>
public sealed record RunOutcome(string Engine, ulong Seed, Violation? Violation, ulong Trace, long Events, long Answers, long VirtualUs)
{
    /// <summary>How to see it again.</summary>
    public string ReplayCommand =>
        $"CSMR_SIM_REPLAY={Engine}:{Seed} dotnet run -c Release --project tests/Csmr.Simulation.Tests -- --filter-method '*Replay*'";

    /// <summary>All that a person needs to look into a failure.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Violation is null
        ? $"{Engine} seed {Seed}: all held over {Events} events, trace {Trace:x16}"
        : $"{Engine} seed {Seed}: {Violation.Id} broken at event {Violation.Event}: {Violation.What}\n  replay: {ReplayCommand}";
}
