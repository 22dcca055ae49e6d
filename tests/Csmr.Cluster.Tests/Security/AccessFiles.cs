using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Csmr.Cluster.Tests.Security;

/// <summary>An access file with two tenants and an operator, an issuer of tokens, and an audit file, in a directory of its own.</summary>
internal sealed class AccessFiles : IDisposable
{
    public const string Issuer = "https://login.example.com/";
    public const string Audience = "csmr";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("csmr-access-");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public AccessFiles()
    {
        WriteTokenKeys(_key);
        Write(Text());
    }

    public string Path => At("access.yaml");

    public string Audit => At("audit.jsonl");

    public string Shop { get; } = NewKey();

    public string Watcher { get; } = NewKey();

    public string Operator { get; } = NewKey();

    public string Expired { get; } = NewKey();

    public string[] AuditLines => File.Exists(Audit) ? File.ReadAllLines(Audit) : [];

    public string At(string name) => System.IO.Path.Combine(_directory.FullName, name);

    public static string NewKey() => "csmr_" + Convert.ToHexString(RandomNumberGenerator.GetBytes(32));

    public static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    public void Write(string text) => File.WriteAllText(Path, text);

    public string Text() => $$"""
        apiVersion: csmr/v1
        kind: Access
        roles:
          clerk: {call: [api.get, api.put]}
          locker: {call: [api.acquire, api.release]}
          everything: {call: [api.*]}
          watcher: {administer: [status]}
          operator: {administer: [status, members]}
        principals:
          shop:
            roles: [clerk]
            keys: [{sha256: {{HashOf(Shop)}}}, {sha256: {{HashOf(Expired)}}, expires: 2020-01-31}]
          monitoring:
            roles: [watcher]
            keys: [{sha256: {{HashOf(Watcher)}}, expires: 9000-01-31T00:00:00Z}]
          ops:
            roles: [operator]
            keys: [{sha256: {{HashOf(Operator)}}}]
          nightly: {roles: [locker], subject: subject-of-nightly}
        tokens: {issuer: {{Issuer}}, audience: {{Audience}}, keys: keys.json, rolesClaim: csmr_roles}
        """;

    /// <summary>Makes the issuer's keys this one.</summary>
    public void WriteTokenKeys(ECDsa key)
    {
        var jwk = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(key) { KeyId = "k1" });
        File.WriteAllText(At("keys.json"), $$"""{"keys":[{"kty":"EC","use":"sig","kid":"k1","crv":"P-256","x":"{{jwk.X}}","y":"{{jwk.Y}}"}]}""");
    }

    /// <summary>A token, good unless told otherwise.</summary>
    public string Token(
        string subject = "subject-of-nightly", string[]? roles = null, string audience = Audience, string issuer = Issuer, TimeSpan? lifetime = null, ECDsa? key = null) =>
        Sign(subject, roles, audience, issuer, lifetime ?? TimeSpan.FromMinutes(5), new SigningCredentials(new ECDsaSecurityKey(key ?? _key) { KeyId = "k1" }, SecurityAlgorithms.EcdsaSha256));

    /// <summary>A token that is signed with the public key, as if it were a shared secret.</summary>
    public string ConfusedToken() =>
        Sign("subject-of-nightly", null, Audience, Issuer, TimeSpan.FromMinutes(5), new SigningCredentials(new SymmetricSecurityKey(_key.ExportSubjectPublicKeyInfo()) { KeyId = "k1" }, SecurityAlgorithms.HmacSha256));

    /// <summary>A token without any signature.</summary>
    public string UnsignedToken() => Sign("subject-of-nightly", null, Audience, Issuer, TimeSpan.FromMinutes(5), null);

    public void Dispose()
    {
        _key.Dispose();
        _directory.Delete(recursive: true);
    }

    private static string Sign(string subject, string[]? roles, string audience, string issuer, TimeSpan lifetime, SigningCredentials? credentials)
    {
        var now = DateTime.UtcNow;
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            NotBefore = now - TimeSpan.FromHours(2),
            IssuedAt = now - TimeSpan.FromHours(2),
            Expires = now + lifetime,
            SigningCredentials = credentials,
            Claims = new Dictionary<string, object>(StringComparer.Ordinal) { ["sub"] = subject, ["csmr_roles"] = roles ?? [] },
        });
    }
}
