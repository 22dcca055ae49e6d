namespace Csmr;

/// <summary>How a call ended, as its caller sees it.</summary>
public enum CallStatus : byte
{
    /// <summary>Executed and answered.</summary>
    Done = 0,

    /// <summary>A state machine refused it (code and message say why). Nothing was changed by the refused step.</summary>
    Refused = 1,

    /// <summary>An argument is missing, unknown, mistyped or out of its bounds. Not executed.</summary>
    InvalidArgument = 2,

    /// <summary>The composition has no such operation. Not executed.</summary>
    UnknownOperation = 3,

    /// <summary>The composition has removed the operation; the message is its reason. Not executed.</summary>
    RemovedOperation = 4,

    /// <summary>The request is larger than allowed. Not executed.</summary>
    TooLarge = 5,

    /// <summary>The group has more waiting than it takes. Not executed; try again after a while.</summary>
    Overloaded = 6,

    /// <summary>No leader with a quorum could be reached. Not executed.</summary>
    Unavailable = 7,

    /// <summary>It may have been executed or may still be. Repeating it with the same key or session tells.</summary>
    OutcomeUnknown = 8,

    /// <summary>The idempotency key (or sequence) was used before for another request. Not executed.</summary>
    KeyReused = 9,

    /// <summary>The request is older than the time for which results are kept. Not executed now; an earlier try may have been.</summary>
    Expired = 10,

    /// <summary>A defect of a state machine or of the platform was met.</summary>
    Fault = 11,
}

/// <summary>What is known about the effects of a call that did not end with <see cref="CallStatus.Done"/>.</summary>
public enum Certainty : byte
{
    /// <summary>It did not happen and will not.</summary>
    NotDone = 0,

    /// <summary>It happened.</summary>
    Done = 1,

    /// <summary>It may have happened, or may still happen.</summary>
    Unknown = 2,
}
