namespace Csmr.Client;

/// <summary>What a caller may say about one call.</summary>
public sealed record CallOptions
{
    /// <summary>
    /// Makes the call exactly-once, also over restarts of the caller: a repetition with the same key and arguments gets the
    /// first one's answer. 1 to 255 visible ASCII characters. Not within a <see cref="CsmrSession"/>, which has ids of its own.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>How long to wait for an answer; the client's <see cref="CsmrClientOptions.Timeout"/> where null.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The exposed service whose operation is meant; null where the operation's name alone says it.</summary>
    public string? Service { get; init; }

    /// <summary>Whether <see cref="CallResult.Steps"/> is to say what each step was answered, or why it was not executed.</summary>
    public bool IsExplained { get; init; }
}
