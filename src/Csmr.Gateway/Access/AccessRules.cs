using System.Security.Cryptography;
using System.Text;

namespace Csmr.Gateway.Access;

/// <summary>An API key: only its hash is known.</summary>
/// <param name="Hash">The SHA-256 of the whole key.</param>
/// <param name="ExpiresAt">From when on it is not accepted.</param>
/// <param name="Owner">Whose it is.</param>
internal sealed record ApiKey(byte[] Hash, DateTimeOffset ExpiresAt, Principal Owner);

/// <summary>What an access file says.</summary>
internal sealed class AccessRules
{
    /// <summary>How every API key begins: it is told from a token by that, and found by it where it must not be.</summary>
    public const string KeyPrefix = "csmr_";

    private const int KeyLengthMax = 256;

    // By the first bytes of the hash. What the time of the search tells is of the hash of a guess, which helps nobody to the next guess.
    private readonly ILookup<int, ApiKey> _keys;
    private readonly IReadOnlyDictionary<string, Principal> _subjects;
    private readonly IReadOnlyDictionary<string, Role> _roles;

    public AccessRules(IEnumerable<ApiKey> keys, IReadOnlyDictionary<string, Principal> subjects, IReadOnlyDictionary<string, Role> roles, TokenRules? tokens) =>
        (_keys, _subjects, _roles, Tokens) = (keys.ToLookup(static key => StartOf(key.Hash)), subjects, roles, tokens);

    /// <summary>Which tokens are accepted; null for none.</summary>
    public TokenRules? Tokens { get; }

    /// <summary>Whose key it is.</summary>
    /// <param name="key">The key.</param>
    /// <param name="now">The time.</param>
    /// <returns>The key's entry; null where there is none or it has expired.</returns>
    public Principal? OwnerOf(string key, DateTimeOffset now)
    {
        if (key.Length > KeyLengthMax)
        {
            return null;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        foreach (var candidate in _keys[StartOf(hash)])
        {
            if (CryptographicOperations.FixedTimeEquals(candidate.Hash, hash))
            {
                return now < candidate.ExpiresAt ? candidate.Owner : null;
            }
        }

        return null;
    }

    /// <summary>Who a valid token's bearer is.</summary>
    /// <param name="subject">The token's subject.</param>
    /// <param name="roles">The names of roles that it has; unknown ones count for nothing.</param>
    /// <returns>The principal, maybe without any role.</returns>
    public Principal BearerOf(string subject, IEnumerable<string> roles)
    {
        var own = _subjects.GetValueOrDefault(subject);
        var given = roles.Select(name => _roles.GetValueOrDefault(name)).OfType<Role>().ToArray();
        return own is null ? new Principal(subject, given) : own with { Roles = [.. own.Roles, .. given] };
    }

    private static int StartOf(ReadOnlySpan<byte> hash) => BitConverter.ToInt32(hash);
}
