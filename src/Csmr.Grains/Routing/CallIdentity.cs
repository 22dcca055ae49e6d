using System.Security.Cryptography;
using System.Text;
using Csmr.Client;
using Csmr.Grains.Hosting;
using Csmr.Replication.Machine;

namespace Csmr.Grains.Routing;

/// <summary>Who a call is: the same in every try of it. The step of a composite operation makes it one command's identity.</summary>
/// <param name="Session">The session.</param>
/// <param name="Sequence">The sequence number in the session.</param>
/// <param name="AcknowledgedBelow">The caller has the results of all calls below this number.</param>
/// <param name="ExpiresAtMs">When the call must not be executed any more; 0 where the caller does not say.</param>
/// <param name="KeptMs">For how long it may be executed and its results are kept; 0 where the caller says until when.</param>
/// <param name="IsCallerSession">Whether the session is the client's own.</param>
/// <param name="IsRepeatable">Whether the client can send the same call again (by key or session), and must get the same answer then.</param>
internal readonly record struct CallIdentity(
    SessionId Session, long Sequence, long AcknowledgedBelow, long ExpiresAtMs, long KeptMs, bool IsCallerSession, bool IsRepeatable)
{
    private const int KeyCharsMax = 1024;

    /// <summary>The call's id for people.</summary>
    public string Text => $"{Session}-{Sequence}";

    /// <summary>Makes the identity of a call with a key or a session of the client's.</summary>
    /// <param name="request">The call.</param>
    /// <param name="options">How long results are kept.</param>
    /// <param name="identity">The identity; default where the call has neither.</param>
    /// <returns>Null, or what is wrong with the key or session: the argument's name and a sentence.</returns>
    public static (string Argument, string Message)? TryMake(InvocationRequest request, GatewayOptions options, out CallIdentity identity)
    {
        identity = default;
        var keptMs = request.ExpiresAtMs > 0 ? 0 : options.RetentionMs;
        if (request.IdempotencyKey is { } key)
        {
            if (request.Session is not null || key.Length is 0 or > KeyCharsMax)
            {
                return ("idempotency-key", $"An idempotency key has 1 to {KeyCharsMax} characters and goes without a session.");
            }

            identity = new CallIdentity(SessionOf(key), 1, 0, request.ExpiresAtMs, keptMs, IsCallerSession: false, IsRepeatable: true);
            return null;
        }

        if (request.Session is not { } text)
        {
            return null;
        }

        if (!SessionId.TryParse(text, out var session) || session.IsNone)
        {
            return ("session", "A session is 32 hexadecimal digits, not all zero.");
        }

        if (request.Sequence < 1 || request.AcknowledgedBelow < 0 || request.AcknowledgedBelow > request.Sequence)
        {
            return ("sequence", "A sequence counts from 1, and what is acknowledged lies at or below it.");
        }

        identity = new CallIdentity(session, request.Sequence, request.AcknowledgedBelow, request.ExpiresAtMs, keptMs, IsCallerSession: true, IsRepeatable: true);
        return null;
    }

    /// <summary>The command of one step.</summary>
    /// <param name="step">The step's position.</param>
    /// <param name="invocation">The packed invocation.</param>
    /// <returns>The command.</returns>
    public Command CommandOf(int step, byte[] invocation) =>
        new(new RequestId(Session, Sequence, step), ExpiresAtMs, AcknowledgedBelow, IsCallerSession, invocation);

    private static SessionId SessionOf(string key)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes("csmr-key\0" + key));
        return new SessionId(BitConverter.ToUInt64(hash, 0), BitConverter.ToUInt64(hash, 8));
    }
}
