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
    /// <param name="cancellation">Ends the waiting.</param>
    /// <param name="key">The idempotency key; null for none.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> SendAsync(
        Screen screen, string url, HttpMethod method, string path, object? body, Action<JsonElement> print, CancellationToken cancellation, string? key = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        }

        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return UseAsync(screen, url, request, AnswerLimit, async answer =>
        {
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            using var document = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
            print(document.RootElement);
        }, cancellation);
    }

    /// <summary>Copies what a path gives into a file, which is there when all of it is.</summary>
    /// <param name="screen">Where to tell about it.</param>
    /// <param name="url">The gateway.</param>
    /// <param name="path">The path.</param>
    /// <param name="file">The file.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> DownloadAsync(Screen screen, string url, string path, FileInfo file, CancellationToken cancellation) =>
        UseAsync(screen, url, new HttpRequestMessage(HttpMethod.Get, path), Timeout.InfiniteTimeSpan, async answer =>
        {
            var part = $"{file.FullName}.part";
            await using (var output = File.Create(part))
            {
                await answer.Content.CopyToAsync(output, cancellation);
                output.Flush(flushToDisk: true);
            }

            File.Move(part, file.FullName, overwrite: true);
            await screen.Output.WriteAsync($"{file.FullName}: {new FileInfo(file.FullName).Length} bytes\n");
        }, cancellation);

    /// <summary>Sends a file to a path.</summary>
    /// <param name="screen">Where to tell about it.</param>
    /// <param name="url">The gateway.</param>
    /// <param name="path">The path.</param>
    /// <param name="file">The file.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> UploadAsync(Screen screen, string url, string path, FileInfo file, CancellationToken cancellation)
    {
        try
        {
            await using var content = file.OpenRead();
            var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = new StreamContent(content) };
            return await UseAsync(
                screen, url, request, Timeout.InfiniteTimeSpan, _ => screen.Output.WriteAsync($"{file.Name} is there, and whole\n"), cancellation);
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            await screen.Error.WriteAsync($"csmr: {cause.Message}\n");
            return ExitCode.Usage;
        }
    }

    private static async Task<int> UseAsync(
        Screen screen, string url, HttpRequestMessage request, TimeSpan limit, Func<HttpResponseMessage, Task> use, CancellationToken cancellation)
    {
        using var http = Connect(screen, new Uri(url), limit, Environment.GetEnvironmentVariable);
        if (http is null)
        {
            return ExitCode.Usage;
        }

        try
        {
            using var asked = request;
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (answer.IsSuccessStatusCode)
            {
                await use(answer);
                return ExitCode.Good;
            }

            using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation));
            await screen.Error.WriteAsync($"csmr: {Text(document.RootElement, "title")}: {Text(document.RootElement, "detail")}\n");
            return answer.StatusCode == HttpStatusCode.GatewayTimeout ? ExitCode.Unknown : ExitCode.Bad;
        }
        catch (HttpRequestException cause) when (cause.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
        {
            await screen.Error.WriteAsync($"csmr: {url} cannot be reached, nothing is done: {(cause.InnerException ?? cause).Message}\n");
            return ExitCode.Usage;
        }
        catch (Exception cause) when (cause is HttpRequestException or TaskCanceledException or IOException or UnauthorizedAccessException or JsonException)
        {
            var isRead = request.Method == HttpMethod.Get;
            await screen.Error.WriteAsync($"csmr: no answer from {url}{(isRead ? "" : "; whether it is done is not known: look at what there is")}: {cause.Message}\n");
            return isRead ? ExitCode.Usage : ExitCode.Unknown;
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
