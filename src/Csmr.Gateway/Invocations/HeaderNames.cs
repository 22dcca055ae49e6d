namespace Csmr.Gateway.Invocations;

/// <summary>The headers of calls and answers.</summary>
internal static class HeaderNames
{
    public const string IdempotencyKey = "Idempotency-Key";
    public const string IdempotencyReplayed = "Idempotency-Replayed";
    public const string Explain = "Csmr-Explain";
    public const string TimeoutMs = "Csmr-Timeout-Ms";
    public const string Session = "Csmr-Session";
    public const string Sequence = "Csmr-Sequence";
    public const string AcknowledgedBelow = "Csmr-Acknowledged-Below";
    public const string ExpiresAtMs = "Csmr-Expires-At-Ms";
    public const string RequestId = "Csmr-Request-Id";
    public const string Slots = "Csmr-Slots";
}
