using System.Buffers;
using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Csmr.TestKit.Checking.Histories;

/// <summary>
/// Writes a history while it happens. Each operation is handed to the operating system in one write when it has ended, so a
/// recorder that is killed loses the operations that were open, and no other. May be used by several threads.
/// </summary>
public sealed class HistoryRecorder : IDisposable
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly FileStream _file;

    /// <summary>Starts a file.</summary>
    /// <param name="path">The file; it must not exist.</param>
    /// <param name="rules">The name of the rules by which the operations act on objects.</param>
    public HistoryRecorder(string path, string rules)
    {
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        WriteLine(writer => HistoryFormat.WriteHeader(writer, rules));
    }

    /// <summary>The clock of a history: nanoseconds that only go forward, the same for all processes of this machine.</summary>
    public static long NowNs => (long)((UInt128)Stopwatch.GetTimestamp() * 1_000_000_000 / (UInt128)Stopwatch.Frequency);

    /// <summary>How many operations were written.</summary>
    public long Count { get; private set; }

    /// <summary>Writes an operation that has ended.</summary>
    /// <param name="operation">The operation.</param>
    public void Add(HistoryOperation operation)
    {
        lock (_lock)
        {
            WriteLine(writer => HistoryFormat.Write(writer, operation));
            Count++;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void WriteLine(Action<Utf8JsonWriter> write)
    {
        _line.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_line, Plain))
        {
            write(writer);
        }

        _line.Write("\n"u8);
        _file.Write(_line.WrittenSpan);
    }
}
