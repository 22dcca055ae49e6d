using Csmr.Client.Security;
using Csmr.Composition.Plans;

namespace Csmr.Gateway.Access;

/// <summary>Who a caller is: somebody, or nobody and why not.</summary>
/// <param name="Principal">Who; null for nobody.</param>
/// <param name="Reason">Why nobody; empty where it is somebody.</param>
internal sealed record CallerIdentity(Principal? Principal, string Reason);

/// <summary>Tells who callers are, by the access file as it is now.</summary>
internal sealed partial class AccessControl
{
    private const string Scheme = "Bearer ";

    private static readonly CallerIdentity WithoutProof = new(Principal: null, "The call has no key and no token: send Authorization: Bearer ….");
    private static readonly CallerIdentity SeveralProofs = new(Principal: null, "The header Authorization must be there once, as Bearer ….");
    private static readonly CallerIdentity UnknownKey = new(Principal: null, "The key is not known, or has expired.");
    private static readonly CallerIdentity NoTokens = new(Principal: null, "Tokens are not accepted here; a key begins with csmr_.");

    private readonly WatchedFiles<AccessRules> _rules;
    private readonly TimeProvider _time;

    /// <summary>Reads the access file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="plan">The running plan.</param>
    /// <param name="log">Is told why a changed file is not used.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AccessFileException">It cannot be used.</exception>
    public AccessControl(string file, Plan plan, ILogger log, TimeProvider time)
    {
        _time = time;
        try
        {
            _rules = new WatchedFiles<AccessRules>([file], contents => AccessFile.Read(file, contents[0], plan, OnFailure), OnFailure);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new AccessFileException($"the access file '{file}' cannot be read: {cause.Message}");
        }

        void OnFailure(Exception cause) => NotUsed(log, cause.Message.ReplaceLineEndings(" "));
    }

    /// <summary>Finds out who a caller is.</summary>
    public ValueTask<CallerIdentity> IdentifyAsync(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count == 0)
        {
            return new(WithoutProof);
        }

        if (header.Count > 1 || header[0] is not { } text || !text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return new(SeveralProofs);
        }

        var rules = _rules.Current;
        var proof = text[Scheme.Length..].Trim();
        return proof.StartsWith(AccessRules.KeyPrefix, StringComparison.Ordinal) ? new(rules.OwnerOf(proof, _time.GetUtcNow()) is { } owner ? new(owner, "") : UnknownKey)
            : rules.Tokens is { } tokens ? OfTokenAsync(rules, tokens, proof)
            : new(NoTokens);
    }

    private static async ValueTask<CallerIdentity> OfTokenAsync(AccessRules rules, TokenRules tokens, string token)
    {
        var (subject, roles, reason) = await tokens.ValidateAsync(token);
        return subject is null ? new(Principal: null, $"The token is not accepted: {reason}.") : new(rules.BearerOf(subject, roles), "");
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A changed file of access control is not used, what it said before holds on: {Cause}")]
    private static partial void NotUsed(ILogger logger, string cause);
}
