using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Csmr.Chaos.Histories;

/// <summary>All calls of a run.</summary>
public sealed class History
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly ConcurrentQueue<CallRecord> _calls = [];

    /// <summary>Microseconds since the start of the run, by a clock that never jumps.</summary>
    public long NowUs => (long)Stopwatch.GetElapsedTime(_startedAt).TotalMicroseconds;

    /// <summary>The calls, roughly in the order of their ends.</summary>
    public IReadOnlyCollection<CallRecord> Calls => _calls;

    public void Add(CallRecord call) => _calls.Enqueue(call);

    /// <summary>Writes one call a line.</summary>
    public async Task SaveAsync(string file)
    {
        await using var writer = new StreamWriter(file);
        foreach (var call in _calls)
        {
            await writer.WriteLineAsync(JsonSerializer.Serialize(call, Json));
        }
    }
}
