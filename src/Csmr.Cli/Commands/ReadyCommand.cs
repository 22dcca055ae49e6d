using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;

namespace Csmr.Cli.Commands;

/// <summary><c>csmr ready</c>: waits until a running system answers for every group.</summary>
internal static class ReadyCommand
{
    private const int SecondsMax = 86_400;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    public static Command Create(Screen screen)
    {
        var url = Gateway.Url();
        var seconds = new Option<int>("--seconds") { Description = $"How long to wait, at most {SecondsMax}; 0 to look once.", DefaultValueFactory = static _ => 0 };
        seconds.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > SecondsMax)
            {
                result.AddError($"--seconds is a number from 0 to {SecondsMax}");
            }
        });
        var command = new Command("ready", "Tells whether a running system serves: exit code 1 where it does not, or not in time.") { url, seconds };
        command.SetAction((result, cancellation) => RunAsync(screen, new Uri(result.GetRequiredValue(url)), TimeSpan.FromSeconds(result.GetValue(seconds)), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(Screen screen, Uri url, TimeSpan limit, CancellationToken cancellation)
    {
        using var http = Gateway.Connect(screen, url, AnswerLimit, Environment.GetEnvironmentVariable);
        if (http is null)
        {
            return ExitCode.Usage;
        }

        var watch = Stopwatch.StartNew();
        while (true)
        {
            var reason = await AskAsync(http, new Uri(url, "/health/ready"), cancellation);
            if (reason is null)
            {
                await screen.Output.WriteAsync($"{url}: ready\n");
                return ExitCode.Good;
            }

            if (watch.Elapsed >= limit)
            {
                await screen.Error.WriteAsync($"csmr: {url} is not ready: {reason}\n");
                return ExitCode.Bad;
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    /// <summary>Why it is not ready; null where it is.</summary>
    private static async Task<string?> AskAsync(HttpClient http, Uri url, CancellationToken cancellation)
    {
        try
        {
            using var answer = await http.GetAsync(url, cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            return answer.IsSuccessStatusCode ? null : DetailOf(text) ?? $"it answers {(int)answer.StatusCode}";
        }
        catch (Exception cause) when (cause is HttpRequestException || (cause is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            return cause.Message;
        }
    }

    private static string? DetailOf(string problem)
    {
        try
        {
            using var document = JsonDocument.Parse(problem);
            return document.RootElement.TryGetProperty("detail", out var detail) ? detail.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
