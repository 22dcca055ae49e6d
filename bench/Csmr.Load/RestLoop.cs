using System.Net.Http.Json;

namespace Csmr.Load;

/// <summary>One kind of call in a measurement.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Next">Makes a client's next call: operation and arguments.</param>
public sealed record CallKind(string Name, Func<Random, (string Operation, object Arguments)> Next);

/// <summary>A closed loop of calls of a composition's operations over REST, any operation with any arguments.</summary>
/// <param name="url">The server.</param>
public sealed class RestLoop(Uri url) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler()) { BaseAddress = url };

    /// <summary>Measures one kind of call.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="clients">How many clients.</param>
    /// <param name="time">How long.</param>
    /// <param name="beside">Calls that are made beside them and not measured.</param>
    /// <param name="besideShare">How many of those for each measured one.</param>
    /// <returns>What it gave.</returns>
    public Task<Measured> MeasureAsync(CallKind kind, int clients, TimeSpan time, CallKind? beside = null, double besideShare = 0)
    {
        ArgumentNullException.ThrowIfNull(kind);
        var owed = 0.0;
        var gate = new Lock();
        return ClosedLoop.RunAsync(
            clients,
            time,
            (_, random) => CallAsync(kind.Next(random)),
            beside is null ? null : random => IsDue() ? CallAsync(beside.Next(random)) : ValueTask.CompletedTask);

        bool IsDue()
        {
            lock (gate)
            {
                owed += besideShare;
                if (owed < 1)
                {
                    return false;
                }

                owed--;
                return true;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async ValueTask CallAsync((string Operation, object Arguments) call)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri($"/v1/{call.Operation}", UriKind.Relative), call.Arguments);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{call.Operation}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }
}
