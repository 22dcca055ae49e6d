using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Csmr.Grains.Hosting;

/// <summary>
/// What Orleans calls fatal (most often: "the others have declared this silo dead") stops the silo in order, instead of
/// aborting the whole process as Orleans would. Its replicas may go on for a moment, which is harmless: nothing that they
/// promise rests on membership.
/// </summary>
/// <param name="lifetime">Stops the host.</param>
/// <param name="self">This silo.</param>
/// <param name="logger">Takes the reason.</param>
internal sealed partial class FatalErrorStop(IHostApplicationLifetime lifetime, ILocalSiloDetails self, ILogger<FatalErrorStop> logger) : IFatalErrorHandler
{
    /// <inheritdoc/>
    public bool IsUnexpected(Exception exception) => true;

    /// <inheritdoc/>
    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        LogFatal(self.Name, context?.Split('\n')[0] ?? exception?.Message ?? "unknown");
        lifetime.StopApplication();
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Silo {Name} cannot stay in the cluster and stops: {Reason}")]
    private partial void LogFatal(string name, string reason);
}
