using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Csmr.Cli.Commands;

/// <summary>The gateway that a command talks to. Who asks is said by the environment, so that no key is among the arguments, which others see.</summary>
internal static class Gateway
{
    /// <summary>The variable with the API key or token.</summary>
    public const string TokenVariable = "CSMR_TOKEN";

    /// <summary>The variable with the file of the authority that has signed the gateway's certificate.</summary>
    public const string AuthorityVariable = "CSMR_CA_FILE";

    /// <summary>How long an answer may take: a change of members waits for the group.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    /// <summary>The option that names it.</summary>
    public static Option<string> Url()
    {
        var url = new Option<string>("--url") { Description = "A gateway of the cluster.", DefaultValueFactory = static _ => "http://localhost:8080" };
        url.Validators.Add(static result =>
        {
            var text = result.GetValueOrDefault<string>();
            if (!Uri.TryCreate(text, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https"))
            {
                result.AddError($"--url '{text}' is no address of a gateway, such as http://localhost:8080");
            }
        });
        return url;
    }

    /// <summary>Makes a client for a gateway, with the caller's token and the authority to trust, where the environment names them.</summary>
    /// <param name="screen">Where to say what is wrong.</param>
    /// <param name="url">The gateway.</param>
    /// <param name="limit">How long an answer may take.</param>
    /// <param name="environment">Reads a variable.</param>
    /// <returns>The client; null where the authority's file cannot be used, which is said.</returns>
    public static HttpClient? Connect(Screen screen, Uri url, TimeSpan limit, Func<string, string?> environment)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        if (environment(AuthorityVariable) is { Length: > 0 } file)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            try
            {
                policy.CustomTrustStore.ImportFromPemFile(file);
            }
            catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException)
            {
                screen.Error.Write($"csmr: {AuthorityVariable} cannot be used: {cause.Message}\n");
                handler.Dispose();
                return null;
            }

            handler.SslOptions.CertificateChainPolicy = policy;
        }

        var http = new HttpClient(handler) { BaseAddress = url, Timeout = limit };
        if (environment(TokenVariable) is { Length: > 0 } token)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Trim());
        }

        return http;
    }

    /// <summary>Sends a request and prints what comes of it.</summary>
    /// <param name="screen">Where to.</param>
    /// <param name="url">The gateway.</param>
    /// <param name="method">The method.</param>
    /// <param name="path">The path.</param>
    /// <param name="body">The body; null for none.</param>
    /// <param name="print">Prints the answer to a request that was done.</param>
    /// <returns>The exit code.</returns>
    public static int Send(Screen screen, string url, HttpMethod method, string path, object? body, Action<JsonElement> print)
    {
        using var http = Connect(screen, new Uri(url), AnswerLimit, Environment.GetEnvironmentVariable);
        if (http is null)
        {
            return ExitCode.Usage;
        }

        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        }

        try
        {
            using var answer = http.Send(request);
            using var document = JsonDocument.Parse(answer.Content.ReadAsStream());
            if (answer.IsSuccessStatusCode)
            {
                print(document.RootElement);
                return ExitCode.Good;
            }

            screen.Error.Write($"csmr: {Text(document.RootElement, "title")}: {Text(document.RootElement, "detail")}\n");
            return answer.StatusCode == HttpStatusCode.GatewayTimeout ? ExitCode.Unknown : ExitCode.Bad;
        }
        catch (HttpRequestException cause) when (cause.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
        {
            screen.Error.Write($"csmr: {url} cannot be reached, nothing is done: {cause.Message}\n");
            return ExitCode.Usage;
        }
        catch (Exception cause) when (cause is HttpRequestException or TaskCanceledException or IOException or JsonException)
        {
            var unknown = method == HttpMethod.Get ? "" : "; whether it is done is not known: look with `csmr groups`";
            screen.Error.Write($"csmr: no answer from {url}{unknown}: {cause.Message}\n");
            return method == HttpMethod.Get ? ExitCode.Usage : ExitCode.Unknown;
        }
    }

    /// <summary>A member's text; empty where it has none.</summary>
    public static string Text(JsonElement json, string name) => json.TryGetProperty(name, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.Null => "",
            JsonValueKind.String => value.GetString()!,
            _ => value.GetRawText(),
        }
        : "";
}
