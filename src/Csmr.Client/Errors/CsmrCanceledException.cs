namespace Csmr.Client;

/// <summary>The caller's token was cancelled. What was sent before may have been executed: <see cref="Certainty"/> says so.</summary>
public sealed class CsmrCanceledException : OperationCanceledException
{
    internal CsmrCanceledException(Certainty certainty, CancellationToken token)
        : base(
            certainty == Certainty.NotDone
                ? "The call was cancelled; it was not executed."
                : "The call was cancelled; it may have been executed or may still be.",
            token) => Certainty = certainty;

    /// <summary>What is known about the effects of the call.</summary>
    public Certainty Certainty { get; }
}
