using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Csmr.Server.Hosting;

/// <summary>The process's log: one line for each message, on the console.</summary>
internal static class QuietConsole
{
    /// <summary>Sets up logging.</summary>
    /// <param name="logging">The builder.</param>
    /// <param name="level">The least level of everybody's messages; null for warnings and our own life-cycle messages.</param>
    /// <param name="isJson">Whether each line is a JSON object, with group, silo and trace as members.</param>
    public static void Configure(ILoggingBuilder logging, LogLevel? level, bool isJson = false)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(level ?? LogLevel.Warning);
        if (level is null)
        {
            logging.AddFilter("Csmr", LogLevel.Information);

            // Orleans has much to say about every neighbour that goes; what matters of it, our own lines say.
            logging.AddFilter("Orleans", LogLevel.Critical);

            // What keeps the process from starting is said once, in one line, at its end.
            logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        }

        if (isJson)
        {
            logging.Configure(static tracking => tracking.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
            logging.AddJsonConsole(static json => (json.IncludeScopes, json.UseUtcTimestamp, json.TimestampFormat) = (true, true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
            return;
        }

        logging.AddConsole(static console => console.FormatterName = ConsoleLine.FormatterName);
        logging.AddConsoleFormatter<ConsoleLine, ConsoleFormatterOptions>();
    }
}
