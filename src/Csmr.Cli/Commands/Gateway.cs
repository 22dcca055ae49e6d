using System.CommandLine;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Csmr.Cli.Commands;

/// <summary>The gateway that a command talks to.</summary>
internal static class Gateway
{
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
        using var http = new HttpClient { BaseAddress = new Uri(url), Timeout = AnswerLimit };
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
        catch (HttpRequestException cause) when (cause.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
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
