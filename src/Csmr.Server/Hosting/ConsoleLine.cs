using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Csmr.Server.Hosting;

/// <summary>One line for each message: the time, the level where it is more than information, the message.</summary>
internal sealed class ConsoleLine() : ConsoleFormatter(FormatterName)
{
    /// <summary>The name that the console logger knows it by.</summary>
    public const string FormatterName = "csmr-line";

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var level = logEntry.LogLevel is LogLevel.Information ? "" : $"{logEntry.LogLevel.ToString().ToLowerInvariant()}: ";
        var origin = logEntry.Category.StartsWith("Csmr.", StringComparison.Ordinal) ? "" : $"{logEntry.Category}: ";
        var cause = logEntry.Exception is { } exception && origin.Length > 0 ? $" ({exception.GetType().Name}: {exception.Message})" : "";
        var text = $"{level}{origin}{logEntry.Formatter(logEntry.State, logEntry.Exception)}{cause}".ReplaceLineEndings(" ");
        textWriter.WriteLine($"{DateTime.UtcNow.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {text}");
    }
}
