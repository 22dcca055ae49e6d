using System.Diagnostics;
using System.Globalization;
using Csmr.Composition.Plans;
using Csmr.Grains.Routing;
using Csmr.Server.Options;
using Microsoft.Extensions.DependencyInjection;

namespace Csmr.Server.Hosting;

/// <summary>What the process says when it runs: where everything is, and what to try first.</summary>
internal static class Banner
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Says it, when every group serves (or after a while).</summary>
    /// <param name="options">The options.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="silos">The silos.</param>
    /// <param name="output">Where to.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <returns>Completes when it is said.</returns>
    public static async Task WriteAsync(ServerOptions options, Plan plan, SiloSet silos, TextWriter output, CancellationToken stop)
    {
        foreach (var silo in silos.Settings)
        {
            var data = silo.Directory is { } directory ? $", data in {directory}" : "";
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"silo {silo.Name}: {silo.Advertised}:{silo.SiloPort}, clients at {silo.GatewayPort}{data}"));
        }

        var view = silos.Services.GetRequiredService<IClusterView>();
        var watch = Stopwatch.StartNew();
        while (!view.IsReady && options.Role != ServerRole.Replica && watch.Elapsed < Patience)
        {
            await Task.Delay(Pause, stop);
        }

        var state = options.Role == ServerRole.Replica ? "runs" : view.IsReady ? "is ready" : "waits for a quorum of replicas";
        await output.WriteLineAsync($"Composition {plan.Name}, version {plan.Version}, {state}.");
        if (silos.Settings.FirstOrDefault(static silo => silo.Urls is not null)?.Urls is { } urls)
        {
            var url = urls.Split(';')[0].TrimEnd('/');
            await output.WriteLineAsync(options.Rest.AccessFile is null ? $"REST at {urls}, documentation at {url}/swagger" : $"REST at {urls}, for those whom {options.Rest.AccessFile} names");
            await output.WriteLineAsync("Try:");
            foreach (var line in Examples(plan, url))
            {
                await output.WriteLineAsync("  " + line);
            }
        }

        await output.FlushAsync(stop);
    }

    /// <summary>Two operations of the plan, the first that changes something and the first that reads, and the status.</summary>
    private static IEnumerable<string> Examples(Plan plan, string url)
    {
        var offered = plan.Operations.Where(static operation => operation.RemovedReason is null).ToArray();
        OperationPlan?[] chosen =
        [
            Array.Find(offered, static operation => operation.Name == "put") ?? Array.Find(offered, static operation => operation.Access == OperationAccess.Update),
            Array.Find(offered, static operation => operation.Name == "get") ?? Array.Find(offered, static operation => operation.Access == OperationAccess.Read),
        ];
        foreach (var operation in chosen)
        {
            if (operation is not null)
            {
                yield return $"curl -s {url}/v1/{operation.Name} -H 'Content-Type: application/json' -d '{BodyOf(operation)}'";
            }
        }

        yield return $"curl -s {url}/v1/cluster";
    }

    private static string BodyOf(OperationPlan operation) => "{" + string.Join(", ", operation.Parameters
        .Where(static parameter => !parameter.IsOptional)
        .Select(static parameter => $"\"{parameter.Name}\": {parameter.Example ?? SampleOf(parameter.Type)}")) + "}";

    private static string SampleOf(ValueType type) => type.Carrier switch
    {
        ValueKind.Bool => "true",
        ValueKind.Long => "1",
        ValueKind.String => "\"text\"",
        _ => type.Name == "list" ? "[]" : "{\"hello\": \"world\"}",
    };
}
