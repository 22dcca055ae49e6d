using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Csmr.Server.Hosting;

/// <summary>One line for each warning and for each of our own life-cycle messages.</summary>
internal static class QuietConsole
{
    /// <summary>Sets up logging.</summary>
    /// <param name="logging">The builder.</param>
    public static void Configure(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("Csmr", LogLevel.Information);

        // Says at every start and stop of a neighbour what our own lines say once.
        logging.AddFilter("Orleans", LogLevel.Error);
        logging.AddSimpleConsole(static console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
            console.UseUtcTimestamp = true;
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
    }
}
