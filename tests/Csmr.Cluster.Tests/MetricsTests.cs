using System.Text.RegularExpressions;
using Csmr.Cluster.Tests.Gateway;
using Csmr.Server.Hosting;

namespace Csmr.Cluster.Tests;

/// <summary>What <c>/metrics</c> serves, what <c>docs/metrics.md</c> says of it, and what the dashboard asks for, are the same.</summary>
public sealed partial class MetricsTests
{
    private static readonly string[] Documented = [.. File.ReadLines(SourceFolder.At("docs", "metrics.md")).Select(static line => Row().Match(line)).Where(static row => row.Success).Select(static row => row.Groups["metric"].Value)];

    // What happens when something is wrong, or has happened before anybody counts, so that it is not there in a cluster that is well.
    private static readonly string[] Rare = ["csmr_group_leader_changes_total", "csmr_rest_refusals_total", "csmr_group_tries_failed_total", "csmr_peer_messages_dropped_total", "csmr_peer_messages_malformed_total"];

    [Fact]
    public async Task Metrics_OfACluster_AreThoseOfTheDocument()
    {
        await using var cluster = await SiloCluster.StartAsync(Plans.Store());
        var url = new Uri($"http://127.0.0.1:{FreePorts.Take(1)[0]}");
        await using var gateway = SiloNode.Open(cluster.SettingsOf("metrics") with { Urls = url.OriginalString });
        await gateway.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = url };
        using var answer = await http.PostAsync("/v1/put", Bodies.Json("""{"key": "a", "value": 1}"""), TestContext.Current.CancellationToken);
        var text = "";
        await Until.TrueAsync(
            async () => Documented.Except(NamesOf(text = await http.GetStringAsync("/metrics", TestContext.Current.CancellationToken))).All(Rare.Contains),
            "the metrics have all that is documented");
        Assert.Empty(NamesOf(text).Where(static name => name.StartsWith("csmr_", StringComparison.Ordinal)).Except(Documented));
        Assert.Contains("outcome=\"Done\"", text, StringComparison.Ordinal);
        Assert.Contains("le=\"0.0005\"", text, StringComparison.Ordinal);
        Assert.Contains(NamesOf(text), static name => name.StartsWith("dotnet_", StringComparison.Ordinal));
    }

    [Fact]
    public void Dashboard_EveryQuery_AsksForMetricsThatThereAre()
    {
        var dashboard = File.ReadAllText(SourceFolder.At("helm", "csmr", "dashboards", "csmr.json"));
        using var json = System.Text.Json.JsonDocument.Parse(dashboard);
        var panels = json.RootElement.GetProperty("panels").EnumerateArray().ToArray();
        Assert.NotEmpty(panels);
        string[] asked = [.. panels.SelectMany(static panel => panel.GetProperty("targets").EnumerateArray()).SelectMany(static target => AskedIn(target.GetProperty("expr").GetString()!))];
        Assert.All(panels, static panel => Assert.NotEmpty(AskedIn(panel.GetProperty("targets")[0].GetProperty("expr").GetString()!)));
        Assert.Empty(asked.Except(Documented));
        Assert.Equal(panels.Length, panels.Select(static panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
    }

    [Fact]
    public void Alerts_OfTheDocument_AskForMetricsThatThereAre() => Assert.Empty(
        File.ReadLines(SourceFolder.At("docs", "metrics.md")).SkipWhile(static line => !line.StartsWith("## ", StringComparison.Ordinal)).SelectMany(AskedIn).Except(Documented));

    private static IEnumerable<string> AskedIn(string text) => Asked().Matches(text).Select(static match => Suffix().Replace(match.Value, ""));

    private static string[] NamesOf(string text) => [.. Type().Matches(text).Select(static match => match.Groups["metric"].Value).Distinct()];

    [GeneratedRegex(@"^\| `csmr\.[a-z_.]+` \| `(?<metric>[a-z_]+)` \|", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();

    [GeneratedRegex("^# TYPE (?<metric>[a-z_0-9]+) ", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Type();

    [GeneratedRegex(@"\bcsmr_[a-z_]+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Asked();

    [GeneratedRegex("_(bucket|count|sum)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Suffix();
}
