using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Audit;

/// <summary>One put that was sent, with what is known of it.</summary>
/// <param name="Key">The key: used once.</param>
/// <param name="Value">The value.</param>
/// <param name="IdempotencyKey">The key of the request.</param>
public sealed record SentPut(string Key, string Value, string IdempotencyKey);

/// <summary>Closed-loop writers over REST that remember what was acknowledged and what is open.</summary>
public sealed class Load(Func<HttpClient> http) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _writers = [];
    private int _next;

    public ConcurrentQueue<SentPut> Acknowledged { get; } = [];

    public ConcurrentQueue<SentPut> Open { get; } = [];

    /// <summary>Answers that say "not done" plainly.</summary>
    public ConcurrentQueue<SentPut> Refused { get; } = [];

    public ConcurrentQueue<string> Surprises { get; } = [];

    public void Start(int writers)
    {
        for (var i = 0; i < writers; i++)
        {
            var first = i % 2 == 0 ? "a" : "z";
            _writers.Add(Task.Run(() => WriteAsync(first)));
        }
    }

    public async Task WaitForAsync(int acknowledged, TimeSpan limit)
    {
        var from = Acknowledged.Count;
        var reached = await Wait.UntilAsync(limit, () => Task.FromResult(Acknowledged.Count >= from + acknowledged));
        HarnessException.Require(reached, () => $"only {Acknowledged.Count - from} of {acknowledged} further puts were acknowledged within {limit}; surprises: {string.Join("; ", Surprises.Take(5))}");
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_writers);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    public static async Task<HttpResponseMessage> PutAsync(HttpClient http, SentPut put, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(put);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/put", UriKind.Relative))
        {
            Content = JsonContent.Create(new { key = put.Key, value = put.Value }),
        };
        request.Headers.Add("Idempotency-Key", put.IdempotencyKey);
        return await http.SendAsync(request, cancellation);
    }

    private async Task WriteAsync(string first)
    {
        while (!_stop.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _next);
            var put = new SentPut($"{first}{number:d6}", $"value {number}", Guid.NewGuid().ToString("N"));
            try
            {
                using var answer = await PutAsync(http(), put);
                var body = await answer.Content.ReadAsStringAsync();
                Note(put, answer.StatusCode, body);
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException or IOException or ObjectDisposedException)
            {
                Open.Enqueue(put);
                await Task.Delay(20); // pause: the server is down; the loop must not spin
            }
        }
    }

    private void Note(SentPut put, HttpStatusCode status, string body)
    {
        if (status == HttpStatusCode.OK)
        {
            Acknowledged.Enqueue(put);
            return;
        }

        using var problem = JsonDocument.Parse(body);
        var outcome = problem.RootElement.TryGetProperty("outcome", out var said) ? said.GetString() : null;
        (outcome == "not-done" ? Refused : Open).Enqueue(put);
        if (status is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout or HttpStatusCode.TooManyRequests))
        {
            Surprises.Enqueue($"{(int)status} {body}");
        }
    }
}
