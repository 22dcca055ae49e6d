using System.Data.Common;
using System.Net.Sockets;
using Csmr.Client.Security;
using Csmr.Gateway.Access;
using Csmr.Grains.Hosting.Compatibility;
using Csmr.Replication.Ports;
using Csmr.Server.Options;
using Csmr.Storage;
using Microsoft.AspNetCore.Connections;

namespace Csmr.Server;

/// <summary>Says in one line why the process cannot run, for every cause that a person can do something about.</summary>
internal static class StartFailures
{
    /// <summary>Explains a failure.</summary>
    /// <param name="cause">The failure.</param>
    /// <returns>The message and the exit code.</returns>
    public static StartException Explain(Exception cause)
    {
        for (var at = cause; at is not null; at = at is AggregateException { InnerExceptions: [var first, ..] } ? first : at.InnerException)
        {
            if (Known(at) is { } known)
            {
                return known;
            }
        }

        return new StartException(StartException.Trouble, $"{cause.GetType().Name}: {OneLine(cause.Message)}", cause);
    }

    private static StartException? Known(Exception cause) => cause switch
    {
        StartException known => known,
        AccessFileException or TlsException => new StartException(StartException.Usage, cause.Message, cause),
        DataDirectoryException or IncompatibleSiloException => new StartException(StartException.Usage, OneLine(cause.Message), cause),
        JournalCorruptException or JournalFailedException => new StartException(StartException.Trouble, OneLine(cause.Message), cause),
        AddressInUseException => new StartException(
            StartException.Trouble, $"{OneLine(cause.Message).TrimEnd('.')}: something else listens there. Give another address with --urls.", cause),
        SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } => new StartException(
            StartException.Trouble, "a port is in use by another process. Give others with --silo-port, --gateway-port or --urls.", cause),
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => new StartException(
            StartException.Usage, "an address is not one of this machine. Check --advertise and --urls.", cause),
        DbException => new StartException(StartException.Trouble, $"the database cannot be used: {OneLine(cause.Message)}", cause),
        UnauthorizedAccessException => new StartException(StartException.Usage, OneLine(cause.Message), cause),
        FormatException or UriFormatException => new StartException(StartException.Usage, OneLine(cause.Message), cause),
        _ => null,
    };

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
