using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Csmr.Chaos.Audit;
using Csmr.Chaos.Processes;
using Csmr.TestKit.Fuzzing;
using Csmr.TestKit.Simulation;

namespace Csmr.EndToEnd.Tests;

/// <summary>Bad HTTP against a real process: it is refused, by name where it is HTTP at all, and the process goes on.</summary>
public sealed class HttpFuzzTests(ITestOutputHelper output)
{
    // Of a hundred inputs of all targets, as FuzzTarget has it for the others.
    private const int Share = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    private static readonly string[] Words =
    [
        "GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "/v1/put", "/v1/get", "/v1/retrieve", "/v1/cluster", "/v1/groups/early", "/v1/operations/put/replicas?key=",
        "/../", "%2e%2e/", "%00", "//", "?", "#", " HTTP/1.1", " HTTP/9.9", "HTTP/0.9", "\r\n", "\n", "\r\n\r\n", ": ", "Host: x", "Content-Length: 5", "Content-Length: -1",
        "Content-Length: 99999999999999999999", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Content-Type: text/plain", "Content-Encoding: br",
        "Idempotency-Key: \"a\"", "Idempotency-Key: ", "Csmr-Timeout-Ms: 0", "Csmr-Timeout-Ms: 1", "Csmr-Session: zz", "Csmr-Sequence: 18446744073709551616",
        "Csmr-Expires-At-Ms: -5", "Expect: 100-continue", "Connection: upgrade", "Upgrade: h2c", "{}", "[]", "\"key\":", "null", "ffffffff\r\n", "0\r\n\r\n", "\u0000",
    ];

    [Fact]
    public async Task Server_BadRequests_NeverFails()
    {
        using var data = new TemporaryDirectory();
        await using var server = await ServerProcess.StartReadyAsync("--data", data.Path);
        var chunk = Encoding.UTF8.GetBytes($"POST /v1/put HTTP/1.1\r\nHost: {server.Http.BaseAddress!.Authority}\r\nTransfer-Encoding: chunked\r\n\r\n9223372036854775807\r\n{{}}\r\n0\r\n\r\n");
        Assert.Equal(400, (await SendAsync(server.Http.BaseAddress!, chunk, TestContext.Current.CancellationToken)).Status);
        var seed = ulong.Parse(Environment.GetEnvironmentVariable("CSMR_FUZZ_SEED") ?? "1", CultureInfo.InvariantCulture);
        var count = (int)(FuzzTarget.InputsWanted * (long)Share / 100);
        var mutator = new InputMutator([.. Samples(server.Http.BaseAddress!.Authority).Select(Encoding.UTF8.GetBytes)], Words);
        var counts = new SortedDictionary<int, int>();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (number, cancellation) =>
        {
            var request = mutator.Next(new SimulationRandom(seed).Fork((ulong)number));
            var (status, answer) = await SendAsync(server.Http.BaseAddress!, request, cancellation);
            Assert.True(
                status is < 500 or 503 or 504 or 505,
                $"request {number} of seed {seed} is answered {status}: {answer}\n{Encoding.Latin1.GetString(request)}");
            lock (counts)
            {
                counts[status] = counts.GetValueOrDefault(status) + 1;
            }
        });

        output.WriteLine($"fuzzed http: {count} requests of seed {seed}; " + string.Join(", ", counts.Select(pair => $"{(pair.Key == 0 ? "no answer" : pair.Key)} {pair.Value}")));
        Assert.True(counts.GetValueOrDefault(200) > 0 && counts.GetValueOrDefault(400) > 0, "the requests must be of both kinds");
        Assert.False(server.HasExited, server.Tail);
        await server.Http.CallAsync("put", new { key = "afterwards", value = 1 });
        Assert.Equal(1, (await server.Http.CallAsync("get", new { key = "afterwards" })).GetProperty("result").GetInt32());
        Assert.DoesNotContain("Unhandled exception", server.Output, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Samples(string host)
    {
        (string Path, string Body)[] calls =
        [
            ("put", """{"key":"apple","value":{"colour":"red"}}"""), ("get", """{"key":"apple"}"""), ("delete", """{"key":"apple"}"""),
            ("acquire", """{"key":"l","owner":"me","leaseSeconds":5}"""), ("retrieve", """{"first":1,"last":5}"""),
        ];
        foreach (var (path, body) in calls)
        {
            yield return $"POST /v1/{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nIdempotency-Key: \"k1\"\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}";
            yield return $"POST /v1/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nCsmr-Timeout-Ms: 5000\r\nTransfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{body}\r\n0\r\n\r\n";
        }

        foreach (var path in new[] { "/v1/operations", "/v1/operations/put/replicas?key=a", "/v1/cluster", "/v1/groups", "/health/ready", "/openapi/v1.json" })
        {
            yield return $"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n";
        }
    }

    // A server that waits for more hears after a while that nothing comes.
    private static async Task<(int Status, string Answer)> SendAsync(Uri server, byte[] request, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var client = new TcpClient();
        await client.ConnectAsync(server.Host, server.Port, limit.Token);
        var stream = client.GetStream();
        var answer = new MemoryStream();
        try
        {
            await stream.WriteAsync(request, limit.Token);
            var reading = stream.CopyToAsync(answer, limit.Token);
            if (await Task.WhenAny(reading, Task.Delay(Patience, limit.Token)) != reading) // pause: whether more is waited for is not to be seen
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }

            await reading;
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // The server may close a connection of which it understands nothing, also while it is being written to.
        }

        var text = Encoding.UTF8.GetString(answer.ToArray());
        return (text.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture) : 0, text);
    }
}
