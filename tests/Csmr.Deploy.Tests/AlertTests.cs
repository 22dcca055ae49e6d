using System.Text.RegularExpressions;
using Csmr.Deploy.Tests.Helm;

namespace Csmr.Deploy.Tests;

/// <summary>The alerts of the chart are those that <c>docs/metrics.md</c> explains.</summary>
public sealed partial class AlertTests
{
    [Fact]
    public async Task Alerts_OfTheChart_AreThoseOfTheDocument()
    {
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        var chart = await RenderedChart.OfAsync("tls");
        var group = Assert.Single(Assert.Single(chart.Of<PrometheusRule>()).Spec.Groups);
        var document = await File.ReadAllLinesAsync(Path.Combine(HelmTool.Chart, "..", "..", "docs", "metrics.md"), TestContext.Current.CancellationToken);
        var explained = document.Select(static line => Row().Match(line)).Where(static row => row.Success)
            .Select(static row => (row.Groups["alert"].Value, row.Groups["expr"].Value.Replace("\\|", "|", StringComparison.Ordinal), row.Groups["for"].Value)).ToArray();
        Assert.NotEmpty(explained);
        Assert.Equal(explained, group.Rules.Select(static rule => (rule.Alert, rule.Expr, rule.For)));
        Assert.All(group.Rules, static rule =>
        {
            Assert.Contains(rule.Labels["severity"], new[] { "critical", "warning" });

            // What the text names, the expression leaves in its result.
            var named = Label().Matches(rule.Annotations["summary"]).Select(static match => match.Groups["label"].Value).ToArray();
            Assert.NotEmpty(named);
            var kept = By().Match(rule.Expr) is { Success: true } by ? by.Groups["labels"].Value.Split(", ") : ["group", "silo"];
            Assert.Subset(kept.ToHashSet(StringComparer.Ordinal), named.ToHashSet(StringComparer.Ordinal));
        });
    }

    [GeneratedRegex(@"^\| `(?<alert>Csmr[A-Za-z]+)` \| `(?<expr>[^`]+)` \| (?<for>[0-9a-z]*) ?\|", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();

    [GeneratedRegex(@"\$labels\.(?<label>[a-z]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label();

    [GeneratedRegex(@"by \((?<labels>[a-z, ]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex By();
}
