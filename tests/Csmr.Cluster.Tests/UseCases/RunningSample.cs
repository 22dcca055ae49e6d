using System.Net;
using System.Text.Json;
using Csmr.Cluster.Tests.Gateway;

namespace Csmr.Cluster.Tests.UseCases;

/// <summary>A manifest of <c>samples/compositions</c>, running on real silos, called over REST.</summary>
public sealed class RunningSample : IAsyncDisposable
{
    private RunningSample(SiloCluster cluster, RestHost rest) => (Cluster, Rest) = (cluster, rest);

    internal SiloCluster Cluster { get; }

    internal RestHost Rest { get; }

    /// <summary>Starts one.</summary>
    /// <param name="manifest">The file's name.</param>
    /// <param name="clock">The silos' time.</param>
    /// <returns>It, ready.</returns>
    public static async Task<RunningSample> StartAsync(string manifest, TimeProvider? clock = null)
    {
        var cluster = await SiloCluster.StartAsync(SamplePlan.OfManifest(manifest), clock: clock is null ? null : _ => clock);
        return new RunningSample(cluster, await RestHost.OverAsync(cluster));
    }

    /// <summary>Calls an operation that must be answered with 200.</summary>
    /// <param name="operation">Its name.</param>
    /// <param name="arguments">The JSON object of its arguments.</param>
    /// <param name="key">The idempotency key.</param>
    /// <returns>The answer.</returns>
    public Task<JsonElement> DoneAsync(string operation, string arguments, string? key = null) => CallAsync(operation, arguments, HttpStatusCode.OK, key);

    /// <summary>Calls an operation and gives its result as JSON text.</summary>
    /// <param name="operation">Its name.</param>
    /// <param name="arguments">The JSON object of its arguments.</param>
    /// <param name="key">The idempotency key.</param>
    /// <returns>The result.</returns>
    public async Task<string> ResultAsync(string operation, string arguments, string? key = null) =>
        (await DoneAsync(operation, arguments, key)).GetProperty("result").GetRawText();

    /// <summary>Calls an operation that must be refused, and gives the code.</summary>
    /// <param name="operation">Its name.</param>
    /// <param name="arguments">The JSON object of its arguments.</param>
    /// <param name="key">The idempotency key.</param>
    /// <returns>The code.</returns>
    public async Task<string> RefusedAsync(string operation, string arguments, string? key = null) =>
        (await CallAsync(operation, arguments, HttpStatusCode.Conflict, key)).GetProperty("code").GetString()!;

    /// <summary>Calls an operation.</summary>
    /// <param name="operation">Its name.</param>
    /// <param name="arguments">The JSON object of its arguments.</param>
    /// <param name="status">The status that must come.</param>
    /// <param name="key">The idempotency key.</param>
    /// <returns>The answer or problem.</returns>
    public async Task<JsonElement> CallAsync(string operation, string arguments, HttpStatusCode status, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/{operation}") { Content = Bodies.Json(arguments) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var response = await Rest.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{operation}: {(int)response.StatusCode} {text}");
        using var json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Rest.DisposeAsync();
        await Cluster.DisposeAsync();
    }
}
