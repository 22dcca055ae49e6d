using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Csmr.Chaos.Histories;

namespace Csmr.Chaos.Loads;

/// <summary>What a caller shows to a gateway, and whom it trusts.</summary>
/// <param name="Authorities">Who signs the gateways' certificates.</param>
/// <param name="Key">The caller's API key; null for none.</param>
public sealed record RestAccess(X509Certificate2Collection Authorities, string? Key)
{
    /// <summary>Makes a client.</summary>
    public HttpClient Connect()
    {
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.AddRange(Authorities);
        var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2), SslOptions = { CertificateChainPolicy = trust } });
        http.DefaultRequestHeaders.Authorization = Key is null ? null : new AuthenticationHeaderValue("Bearer", Key);
        return http;
    }
}

/// <summary>Calls over REST, by connections of its own: each try that was not settled is followed by one at the next gateway.</summary>
public sealed class RestCaller : ICaller
{
    // What the way there and back may take beyond the time that the gateway has for the call.
    private static readonly TimeSpan Transit = TimeSpan.FromSeconds(2);

    private readonly IReadOnlyList<Uri> _gateways;
    private readonly TimeSpan _tryTimeout;
    private readonly HttpClient _http;
    private int _gateway;

    /// <summary>Makes a caller.</summary>
    /// <param name="gateways">Where to call.</param>
    /// <param name="first">The one to begin with.</param>
    /// <param name="tryTimeout">The time that one try has.</param>
    /// <param name="access">What the gateways ask for; null where they ask for nothing.</param>
    public RestCaller(IReadOnlyList<Uri> gateways, int first, TimeSpan tryTimeout, RestAccess? access = null)
    {
        (_gateways, _gateway, _tryTimeout) = (gateways, first, tryTimeout);
        _http = access?.Connect() ?? new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) });
        _http.Timeout = tryTimeout + Transit;
    }

    public bool Repeats => false;

    public async Task<TryResult> TryAsync(CallRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var result = await SendAsync(request, cancellationToken);
        if (result.End is TryEnd.NotDone or TryEnd.Unknown)
        {
            _gateway++;
        }

        return result;
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<TryResult> SendAsync(CallRequest request, CancellationToken cancellationToken)
    {
        var gateway = _gateways[_gateway % _gateways.Count];
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(gateway, $"/v1/{request.Operation}")) { Content = JsonContent.Create(request.Arguments) };
        message.Headers.Add("Csmr-Timeout-Ms", _tryTimeout.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture));
        if (!request.IsRead)
        {
            message.Headers.Add("Idempotency-Key", request.Key);
        }

        try
        {
            using var answer = await _http.SendAsync(message, cancellationToken);
            return await JudgeAsync(answer, cancellationToken);
        }
        catch (HttpRequestException error) when (error.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            return new TryResult(TryEnd.NotDone, Detail: error.Message);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TaskCanceledException)
        {
            return new TryResult(TryEnd.Unknown, Detail: error.Message);
        }
    }

    private static async Task<TryResult> JudgeAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var body = await answer.Content.ReadAsStringAsync(cancellationToken);
        var id = answer.Headers.TryGetValues("Csmr-Request-Id", out var ids) ? ids.First() : "";
        if (!TryParse(body, out var json))
        {
            return new TryResult(TryEnd.Surprise, Detail: $"{(int)answer.StatusCode} without JSON: {body}");
        }

        if (answer.StatusCode == HttpStatusCode.OK)
        {
            return new TryResult(TryEnd.Ok, json, id, SlotsOf(answer));
        }

        var outcome = json.TryGetProperty("outcome", out var said) ? said.GetString() : null;
        var type = json.TryGetProperty("type", out var kind) ? kind.GetString() : null;
        return (answer.StatusCode, outcome) switch
        {
            (HttpStatusCode.Conflict, _) when type == "urn:csmr:problem:refused" => new TryResult(TryEnd.Refused, json, id, SlotsOf(answer), body),
            (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable, "not-done") => new TryResult(TryEnd.NotDone, Detail: body),
            (HttpStatusCode.GatewayTimeout, "unknown") => new TryResult(TryEnd.Unknown, null, id, Detail: body),
            _ => new TryResult(TryEnd.Surprise, Detail: $"{(int)answer.StatusCode} {body}"),
        };
    }

    private static bool TryParse(string body, out JsonElement json)
    {
        try
        {
            json = JsonElement.Parse(body);
            return true;
        }
        catch (JsonException)
        {
            json = default;
            return false;
        }
    }

    private static GroupSlot[] SlotsOf(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("Csmr-Slots", out var values)
            ? [.. string.Join(',', values).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(SlotOf)]
            : [];

    private static GroupSlot SlotOf(string text)
    {
        var parts = text.Split('=');
        return new GroupSlot(parts[0], long.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}
