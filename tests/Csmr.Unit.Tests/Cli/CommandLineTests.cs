using System.Text.Json;
using Csmr.Cli;
using Csmr.Unit.Tests.Composition;

namespace Csmr.Unit.Tests.Cli;

public sealed class CommandLineTests
{
    private static readonly string Bad = Path.Combine(Repository.Root, "tests", "Csmr.Unit.Tests", "Composition", "Bad");

    [Fact]
    public void Check_GoodManifest_SaysSoAndEndsWith0()
    {
        var (code, output, error) = Run("check", Sample("audited-store"));

        Assert.Equal((ExitCode.Good, ""), (code, error));
        Assert.Equal($"{Sample("audited-store")}: good: 6 operations, 4 groups\n", output);
    }

    [Fact]
    public void NewKey_PrintsAKeyThatNobodyElseHas_AndItsHash()
    {
        var (code, output, error) = Run("new-key");

        Assert.Equal((ExitCode.Good, ""), (code, error));
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line[8..]).ToArray();
        Assert.StartsWith("csmr_", lines[0], StringComparison.Ordinal);
        Assert.Equal(48, lines[0].Length);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(lines[0]))), lines[1]);
        Assert.NotEqual(output, Run("new-key").Output);
    }

    [Fact]
    public void Check_BadManifest_PrintsEveryFindingAndEndsWith1()
    {
        var path = Path.Combine(Bad, "placement_wrong.yaml");
        var (code, output, _) = Run("check", path);

        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(ExitCode.Bad, code);
        Assert.Equal(5, lines.Length);
        Assert.Equal($"{path}:10:48 error CSMR1304: node 'n2' is listed twice; a node carries one replica of a group", lines[0]);
        Assert.Equal($"{path}: 4 errors", lines[^1]);
    }

    [Theory]
    [InlineData("n1,n2,n3", ExitCode.Good, null)]
    [InlineData("n1, n2, n7", ExitCode.Bad, "has no node n7; it has n1, n2, n3")]
    public void Check_ForNodes_RequiresThatTheManifestHasThem(string nodes, int expected, string? complaint)
    {
        var (code, _, error) = Run("check", Sample("audited-store"), "--nodes", nodes);

        Assert.Equal(expected, code);
        Assert.Contains(complaint ?? "", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1", "0", ExitCode.Bad, "is not ready")]
    [InlineData("ftp://127.0.0.1", "0", ExitCode.Usage, "no address")]
    [InlineData("http://127.0.0.1:1", "-1", ExitCode.Usage, "--seconds")]
    public void Ready_WhereNobodyAnswers_SaysSo(string url, string seconds, int expected, string complaint)
    {
        var (code, _, error) = Run("ready", "--url", url, "--seconds", seconds);

        Assert.Equal(expected, code);
        Assert.Contains(complaint, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_Warnings_EndWith0()
    {
        var (code, output, _) = Run("check", Path.Combine(Bad, "warn_unused_service.yaml"));

        Assert.Equal(ExitCode.Good, code);
        Assert.EndsWith("good, 1 warning: 6 operations, 2 groups\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_Json_IsForPrograms()
    {
        var (code, output, _) = Run("check", Path.Combine(Bad, "operation_misspelt.yaml"), "--output", "json");

        using var json = JsonDocument.Parse(output);
        var finding = Assert.Single(json.RootElement.GetProperty("findings").EnumerateArray());
        Assert.Equal(ExitCode.Bad, code);
        Assert.False(json.RootElement.GetProperty("isGood").GetBoolean());
        Assert.Equal(("CSMR1003", 16, 34, "error"), (
            finding.GetProperty("code").GetString(),
            finding.GetProperty("line").GetInt32(),
            finding.GetProperty("column").GetInt32(),
            finding.GetProperty("severity").GetString()));
    }

    [Fact]
    public void Check_AtATerminal_DrawsATable()
    {
        using var output = new StringWriter();
        var code = CommandLine.Run(["check", Path.Combine(Bad, "operation_misspelt.yaml")], output, TextWriter.Null, isTerminal: true);

        Assert.Equal(ExitCode.Bad, code);
        Assert.Contains("CSMR1003", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("│", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check")]
    [InlineData("check", "nowhere.yaml")]
    [InlineData("check", "nowhere.yaml", "--output", "xml")]
    [InlineData("explain")]
    [InlineData("explain", "nowhere.yaml")]
    [InlineData("chek", "nowhere.yaml")]
    [InlineData]
    public void Usage_NotUnderstood_EndsWith2(params string[] arguments)
    {
        var (code, _, error) = Run(arguments);

        Assert.Equal(ExitCode.Usage, code);
        Assert.NotEmpty(error);
    }

    [Theory]
    [InlineData("put", "kee=apple")]
    [InlineData("put", "value=1")]
    [InlineData("put", "key")]
    [InlineData("put", "key=apple", "value={")]
    [InlineData("putt")]
    public void Explain_ArgumentsNotUnderstood_EndsWith2(params string[] arguments)
    {
        var (code, output, error) = Run(["explain", Sample("audited-store"), .. arguments]);

        Assert.Equal((ExitCode.Usage, ""), (code, output));
        Assert.StartsWith("csmr: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_BadManifest_PrintsFindingsAndEndsWith1()
    {
        var (code, _, error) = Run("explain", Path.Combine(Bad, "operation_misspelt.yaml"));

        Assert.Equal(ExitCode.Bad, code);
        Assert.Contains("CSMR1003", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("audited-store", "audited-store")]
    [InlineData("hashed", "hashed")]
    [InlineData("orders", "orders")]
    [InlineData("regions", "regions")]
    [InlineData("witnesses", "witnesses")]
    [InlineData("orders-place", "orders", "place")]
    [InlineData("orders-delete", "orders", "delete", "key=apple")]
    [InlineData("orders-place-early", "orders", "place", "order=apple", "body={\"n\": 1}", "fence=3")]
    [InlineData("regions-put-europe", "regions", "put", "key=eu/apple")]
    [InlineData("regions-put-world", "regions", "put", "key=us/apple")]
    public void Explain_Sample_IsAsApproved(string snapshot, string sample, params string[] arguments)
    {
        var (code, output, error) = Run(["explain", Sample(sample), .. arguments]);

        Assert.Equal((ExitCode.Good, ""), (code, error));
        Snapshot.Check(snapshot, output);
    }

    [Theory]
    [InlineData("groups")]
    [InlineData("add-replica", "locks", "--node", "n1")]
    [InlineData("remove-replica", "locks", "r1")]
    [InlineData("move-leader", "locks")]
    public void Administration_NoGatewayThere_SaysThatNothingIsDone(params string[] arguments)
    {
        var (code, output, error) = Run([.. arguments, "--url", "http://127.0.0.1:1"]);

        Assert.Equal((ExitCode.Usage, ""), (code, output));
        Assert.StartsWith("csmr: http://127.0.0.1:1 cannot be reached, nothing is done: ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--url 'nowhere' is no address of a gateway, such as http://localhost:8080", "groups", "--url", "nowhere")]
    [InlineData("Option '--node' is required.", "add-replica", "locks")]
    [InlineData("Required argument 'REPLICA' missing for command: 'remove-replica'.", "remove-replica", "locks")]
    public void Administration_BadArguments_SaysWhich(string expected, params string[] arguments)
    {
        var (code, _, error) = Run(arguments);

        Assert.Equal(ExitCode.Usage, code);
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    private static string Sample(string name) => Path.Combine(Repository.Samples, $"{name}.yaml");

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = CommandLine.Run(arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
