using System.Text;
using Csmr.Client.Security;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Csmr.Gateway.Access;

/// <summary>Which JSON web tokens are accepted: signed by one of the issuer's keys, for us, and not expired.</summary>
internal sealed class TokenRules
{
    private const int TokenLengthMax = 8 << 10;

    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    // Signatures by private keys alone: else whoever knows a public key could sign with it as if it were a shared one.
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = TokenLengthMax };
    private readonly TokenValidationParameters _parameters;
    private readonly string? _rolesClaim;

    private TokenRules(TokenValidationParameters parameters, string issuer, string audience, string? rolesClaim)
    {
        _parameters = parameters;
        _rolesClaim = rolesClaim;
        parameters.ValidIssuer = issuer;
        parameters.ValidAudience = audience;
        parameters.ValidAlgorithms = Algorithms;
        parameters.ClockSkew = ClockSkew;
    }

    /// <summary>With keys from a file, which may be replaced.</summary>
    public static TokenRules OfFile(string file, string issuer, string audience, string? rolesClaim, Action<Exception> onFailure)
    {
        var keys = new WatchedFiles<IList<SecurityKey>>([file], static contents => KeysOf(Encoding.UTF8.GetString(contents[0])), onFailure);
        return new TokenRules(new TokenValidationParameters { IssuerSigningKeyResolver = (_, _, _, _) => keys.Current }, issuer, audience, rolesClaim);
    }

    /// <summary>With keys from an address, which are fetched at the first token, and again from time to time and when a token names an unknown one.</summary>
    public static TokenRules OfAddress(Uri address, string issuer, string audience, string? rolesClaim)
    {
        var documents = new HttpDocumentRetriever { RequireHttps = !address.IsLoopback };
        var keys = new ConfigurationManager<OpenIdConnectConfiguration>(address.AbsoluteUri, new KeyRetriever(), documents);
        return new TokenRules(new TokenValidationParameters { ConfigurationManager = keys }, issuer, audience, rolesClaim);
    }

    /// <summary>Looks at a token.</summary>
    /// <param name="token">The token.</param>
    /// <returns>The subject and the names of its roles; else why it is not accepted.</returns>
    public async Task<(string? Subject, IReadOnlyList<string> Roles, string? Reason)> ValidateAsync(string token)
    {
        if (token.Length > TokenLengthMax)
        {
            return (null, [], "it is too long");
        }

        var result = await _handler.ValidateTokenAsync(token, _parameters);
        if (!result.IsValid)
        {
            return (null, [], ReasonOf(result.Exception));
        }

        var read = (JsonWebToken)result.SecurityToken;
        if (string.IsNullOrEmpty(read.Subject))
        {
            return (null, [], "it has no subject");
        }

        var roles = _rolesClaim is null ? [] : read.Claims.Where(claim => claim.Type == _rolesClaim).Select(static claim => claim.Value).ToArray();
        return (read.Subject, roles, null);
    }

    private static IList<SecurityKey> KeysOf(string text)
    {
        IList<SecurityKey> keys;
        try
        {
            keys = new JsonWebKeySet(text).GetSigningKeys();
        }
        catch (ArgumentException cause)
        {
            throw new FormatException("this is no JSON web key set", cause);
        }

        return keys.Count > 0 ? keys : throw new FormatException("the JSON web key set has no key for signatures");
    }

    // In our words: the library's may quote the token.
    private static string ReasonOf(Exception? cause) => cause switch
    {
        SecurityTokenExpiredException => "it has expired",
        SecurityTokenNotYetValidException => "it is not valid yet",
        SecurityTokenNoExpirationException => "it has no expiry",
        SecurityTokenInvalidAudienceException => "it is for another audience",
        SecurityTokenInvalidIssuerException => "it is of another issuer",
        SecurityTokenSignatureKeyNotFoundException => "none of the issuer's keys has signed it",
        SecurityTokenInvalidSignatureException or SecurityTokenInvalidAlgorithmException => "its signature is not right",
        InvalidOperationException => "the issuer's keys cannot be fetched",
        _ => "it is no token that can be read",
    };

    private sealed class KeyRetriever : IConfigurationRetriever<OpenIdConnectConfiguration>
    {
        public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(string address, IDocumentRetriever retriever, CancellationToken cancel)
        {
            var configuration = new OpenIdConnectConfiguration();
            foreach (var key in KeysOf(await retriever.GetDocumentAsync(address, cancel)))
            {
                configuration.SigningKeys.Add(key);
            }

            return configuration;
        }
    }
}
