using System.Reflection;

namespace Csmr.Gateway.Problems;

/// <summary>Every kind of error, and which one an ended call or a bare HTTP status is: the one mapping to HTTP.</summary>
public static class ProblemTypes
{
    public static ProblemType InvalidArgument { get; } = new(
        "invalid-argument", 400, "Invalid argument", "An argument is missing, unknown, mistyped or out of its bounds; correct it.");

    public static ProblemType InvalidRequest { get; } = new(
        "invalid-request", 400, "Invalid request", "A header or the HTTP message itself is wrong; correct it.");

    public static ProblemType Unauthenticated { get; } = new(
        "unauthenticated", 401, "Not authenticated", "Send a key or a token that is accepted: Authorization: Bearer ….");

    public static ProblemType Forbidden { get; } = new(
        "forbidden", 403, "Forbidden", "The caller's roles do not allow this.");

    public static ProblemType NotFound { get; } = new(
        "not-found", 404, "No such path", "Nothing is served at this path; see /openapi/v1.json.");

    public static ProblemType UnknownOperation { get; } = new(
        "unknown-operation", 404, "Unknown operation", "The composition has no such operation; GET /v1/operations lists them.");

    public static ProblemType UnknownGroup { get; } = new(
        "unknown-group", 404, "Unknown group", "The composition has no such group; GET /v1/groups lists them.");

    public static ProblemType UnknownCheckpoint { get; } = new(
        "unknown-checkpoint", 404, "Unknown checkpoint", "This gateway has no such checkpoint; GET /v1/checkpoints lists them.");

    public static ProblemType UnknownJob { get; } = new(
        "unknown-job", 404, "Unknown job", "This gateway has no such job; GET /v1/jobs lists those that it knows.");

    public static ProblemType MethodNotAllowed { get; } = new(
        "method-not-allowed", 405, "Method not allowed", "The path wants another method; the header Allow names it.");

    public static ProblemType RequestTimeout { get; } = new(
        "request-timeout", 408, "Request too slow", "The body did not arrive fast enough; send it again.");

    public static ProblemType Refused { get; } = new(
        "refused", 409, "Refused", "The service refused the call for the reason that code and detail give.");

    public static ProblemType Expired { get; } = new(
        "expired", 409, "Request expired", "The request is older than results are kept; an earlier try of it may have been executed.");

    public static ProblemType RemovedOperation { get; } = new(
        "removed-operation", 410, "Removed operation", "The composition has withdrawn the operation; the detail is its reason.");

    public static ProblemType TooLarge { get; } = new(
        "too-large", 413, "Request too large", "The request is larger than allowed; send less.");

    public static ProblemType UnsupportedMediaType { get; } = new(
        "unsupported-media-type", 415, "Unsupported media type", "The body must be application/json in UTF-8, without a content encoding.");

    public static ProblemType KeyReused { get; } = new(
        "key-reused", 422, "Idempotency key reused", "The key was used for another request; use a new key for a new request.");

    public static ProblemType Overloaded { get; } = new(
        "overloaded", 429, "Overloaded", "More is waiting than the group takes; try again after the time of Retry-After.");

    public static ProblemType TooManyRequests { get; } = new(
        "too-many-requests", 429, "Too many requests", "This caller sends more than it may; try again after the time of Retry-After.");

    public static ProblemType Fault { get; } = new(
        "fault", 500, "Fault", "A defect was met; the outcome says whether the call was executed.");

    public static ProblemType Unavailable { get; } = new(
        "unavailable", 503, "Unavailable", "No leader with a quorum was reached; try again after the time of Retry-After.");

    public static ProblemType NotReady { get; } = new(
        "not-ready", 503, "Not ready", "The groups named in the answer have no leader that this silo reaches.");

    public static ProblemType OutcomeUnknown { get; } = new(
        "outcome-unknown", 504, "Outcome unknown", "It may have been executed or may still be; repeat it with the same idempotency key to learn it.");

    /// <summary>All of them, by status.</summary>
    public static IReadOnlyList<ProblemType> All { get; } =
    [
        .. typeof(ProblemTypes)
            .GetProperties(BindingFlags.Public | BindingFlags.Static)
            .Where(static property => property.PropertyType == typeof(ProblemType))
            .Select(static property => (ProblemType)property.GetValue(null)!)
            .OrderBy(static type => type.Status),
    ];

    /// <summary>The kind of error that a call's end is.</summary>
    /// <param name="status">How the call ended, but for <see cref="CallStatus.Done"/>.</param>
    /// <returns>The kind of error.</returns>
    public static ProblemType Of(CallStatus status) => status switch
    {
        CallStatus.Refused => Refused,
        CallStatus.InvalidArgument => InvalidArgument,
        CallStatus.UnknownOperation => UnknownOperation,
        CallStatus.RemovedOperation => RemovedOperation,
        CallStatus.TooLarge => TooLarge,
        CallStatus.Overloaded => Overloaded,
        CallStatus.Unavailable => Unavailable,
        CallStatus.OutcomeUnknown => OutcomeUnknown,
        CallStatus.KeyReused => KeyReused,
        CallStatus.Expired => Expired,
        _ => Fault,
    };

    /// <summary>The kind of error that a status of the web server itself is.</summary>
    /// <param name="status">The HTTP status, 400 or above.</param>
    /// <returns>The kind of error.</returns>
    internal static ProblemType OfBareStatus(int status) => status switch
    {
        StatusCodes.Status404NotFound => NotFound,
        StatusCodes.Status405MethodNotAllowed => MethodNotAllowed,
        StatusCodes.Status408RequestTimeout => RequestTimeout,
        StatusCodes.Status413PayloadTooLarge => TooLarge,
        StatusCodes.Status415UnsupportedMediaType => UnsupportedMediaType,
        >= 500 => Fault,
        _ => InvalidRequest,
    };
}
