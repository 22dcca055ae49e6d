using System.Text;
using Csmr.Cluster.Tests.Gateway;
using Csmr.Gateway.Access;

namespace Csmr.Cluster.Tests.Security;

/// <summary>What is wrong in an access file is said with its place.</summary>
public sealed class AccessFileTests
{
    private const string Head = "apiVersion: csmr/v1\nkind: Access\n";

    [Theory]
    [InlineData("", "access.yaml:1:1 error CSMR0009")]
    [InlineData("- a", "access.yaml:1:1 error CSMR0103: an access file is a map, but this is a list")]
    [InlineData("kind: Access", "access.yaml:1:1 error CSMR0102: the key 'apiVersion' is missing")]
    [InlineData("apiVersion: csmr/v1\nkind: Composition", "access.yaml:2:7 error CSMR0104: 'kind' must be 'Access'")]
    [InlineData(Head + "role: {}", "access.yaml:3:1 error CSMR0101: there is no key 'role' here; did you mean 'roles'?")]
    [InlineData(Head + "roles: {a: {call: [api.git]}}", "access.yaml:3:20 error CSMR1003: service 'api' has no operation 'git'; did you mean 'get'?")]
    [InlineData(Head + "roles: {a: {call: [get]}}", "access.yaml:3:20 error CSMR1008: 'get' is no grant; write service.operation")]
    [InlineData(Head + "roles: {a: {call: [store.get]}}", "access.yaml:3:20 error CSMR1001: the composition exposes no service 'store'; it exposes api")]
    [InlineData(Head + "roles: {a: {administer: [member]}}", "access.yaml:3:26 error CSMR0104: there is no area of administration 'member'; did you mean 'members'?")]
    [InlineData(Head + "roles: {a: [b]}", "access.yaml:3:12 error CSMR0103: a map is wanted here (call, administer)")]
    [InlineData(Head + "principals: {p: {roles: [clark]}}", "access.yaml:3:26 error CSMR0104: there is no role 'clark'")]
    [InlineData(Head + "principals: {p: {keys: [{sha256: csmr_secret}]}}", "access.yaml:3:34 error CSMR0103: this is no SHA-256 of a key")]
    [InlineData(Head + "principals: {p: {keys: [{expires: 2027-01-01}]}}", "access.yaml:3:25 error CSMR0102: the key 'sha256' is missing")]
    [InlineData(Head + "principals: {p: {subject: a}, q: {subject: a}}", "access.yaml:3:44 error CSMR0202: another principal has this subject")]
    [InlineData(Head + "tokens: {issuer: a, audience: b}", "access.yaml:3:9 error CSMR0102: the key 'keys' is missing")]
    [InlineData(Head + "tokens: {issuer: a, audience: b, keys: 'http://login.example.com/keys'}", "access.yaml:3:40 error CSMR0104: the address of the token keys must be https://")]
    [InlineData(Head + "tokens: {issuer: a, audience: b, keys: nowhere.json}", "access.yaml:3:40 error CSMR0001: the token keys of 'nowhere.json' cannot be used")]
    public void File_ThatIsWrong_IsRefusedWithThePlace(string text, string expected)
    {
        var failure = Assert.Throws<AccessFileException>(() => Read(text));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("csmr_secret", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2027-01-31T25:00:00Z")]
    [InlineData("tomorrow")]
    public void Expiry_ThatIsNoTime_IsRefused(string expiry) => Assert.Contains(
        "is no time",
        Assert.Throws<AccessFileException>(() => Read($"{Head}principals: {{p: {{keys: [{{sha256: {new string('a', 64)}, expires: '{expiry}'}}]}}}}")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void File_WithoutAnything_GrantsNothing()
    {
        var rules = Read(Head);
        Assert.Null(rules.OwnerOf("csmr_a", DateTimeOffset.UnixEpoch));
        Assert.Null(rules.Tokens);
        Assert.False(rules.BearerOf("somebody", ["clerk"]).MayCall("get"));
    }

    [Fact]
    public void Example_OfTheDocumentation_IsOne()
    {
        var text = File.ReadAllText(SourceFolder.At("docs", "security.md"));
        var start = text.IndexOf("```yaml\n", StringComparison.Ordinal) + 8;
        var example = text[start..text.IndexOf("```", start, StringComparison.Ordinal)];
        Assert.NotNull(AccessFile.Read("access.yaml", Encoding.UTF8.GetBytes(example), SamplePlan.OfManifest("audited-store.yaml"), static cause => throw cause).Tokens);
    }

    private static AccessRules Read(string text) => AccessFile.Read("access.yaml", Encoding.UTF8.GetBytes(text), SamplePlan.Make(), static cause => throw cause);
}
