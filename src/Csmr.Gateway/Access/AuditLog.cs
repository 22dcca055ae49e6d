using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Csmr.Gateway.Status;

namespace Csmr.Gateway.Access;

/// <summary>
/// Who administered what, and whose calls were refused: one JSON object a line, in a file or in the process's log. No header, body or
/// query is ever in it.
/// </summary>
internal sealed partial class AuditLog : IDisposable
{
    /// <summary>The most refusals of a second that are written one by one: a flood must not fill the disk.</summary>
    public const int RefusalsPerSecondMax = 100;

    private const int PathLengthMax = 200;

    private readonly Lock _lock = new();
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly FileStream? _file;
    private long _second;
    private int _refusals;
    private long _omitted;

    /// <summary>Opens it.</summary>
    /// <param name="path">The file, which is appended to; null for the process's log.</param>
    /// <param name="log">The process's log.</param>
    /// <param name="time">The clock.</param>
    public AuditLog(string? path, ILogger log, TimeProvider time)
    {
        (_log, _time) = (log, time);
        if (path is not null)
        {
            // No buffer: a line is in the file when it is written.
            _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
    }

    /// <summary>Notes an act of administration with what came of it.</summary>
    public void Administered(HttpContext context, string? principal, string needed) =>
        Write(context, "administration", principal, needed, context.Response.StatusCode, reason: null);

    /// <summary>Notes a refused call.</summary>
    public void Refused(HttpContext context, string? principal, string needed, int status, string reason)
    {
        lock (_lock)
        {
            var second = _time.GetUtcNow().ToUnixTimeSeconds();
            (_refusals, _second) = second == _second ? (_refusals + 1, second) : (1, second);
            if (_refusals > RefusalsPerSecondMax)
            {
                _omitted++;
                return;
            }
        }

        Write(context, "refused", principal, needed, status, reason);
    }

    public void Dispose() => _file?.Dispose();

    private void Write(HttpContext context, string kind, string? principal, string needed, int status, string? reason)
    {
        var path = context.Request.Path.Value ?? "";
        var output = new ArrayBufferWriter<byte>(512);
        lock (_lock)
        {
            using (var json = new Utf8JsonWriter(output, JsonAnswer.Readable))
            {
                json.WriteStartObject();
                json.WriteString("time"u8, _time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
                json.WriteString("event"u8, kind);
                json.WriteString("principal"u8, principal);
                json.WriteString("client"u8, context.Connection.RemoteIpAddress?.ToString());
                json.WriteString("method"u8, Shorten(context.Request.Method));
                json.WriteString("path"u8, Shorten(path));
                json.WriteString("needs"u8, needed);
                json.WriteNumber("status"u8, status);
                if (reason is not null)
                {
                    json.WriteString("reason"u8, reason);
                }

                json.WriteString("requestId"u8, context.TraceIdentifier);
                if (_omitted > 0)
                {
                    json.WriteNumber("refusalsOmitted"u8, _omitted);
                    _omitted = 0;
                }

                json.WriteEndObject();
            }

            Put(output);
        }
    }

    private void Put(ArrayBufferWriter<byte> line)
    {
        if (_file is null)
        {
            Audit(_log, Encoding.UTF8.GetString(line.WrittenSpan));
            return;
        }

        try
        {
            line.Write("\n"u8);
            _file.Write(line.WrittenSpan);
        }
        catch (IOException cause)
        {
            // What cannot be written down is said at least.
            CannotWrite(_log, cause.Message, Encoding.UTF8.GetString(line.WrittenSpan).TrimEnd());
        }
    }

    private static string Shorten(string text) => text.Length <= PathLengthMax ? text : $"{text[..PathLengthMax]}…";

    [LoggerMessage(Level = LogLevel.Information, Message = "audit {Line}")]
    private static partial void Audit(ILogger logger, string line);

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit file cannot be written ({Cause}): {Line}")]
    private static partial void CannotWrite(ILogger logger, string cause, string line);
}
