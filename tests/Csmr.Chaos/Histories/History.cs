using System.Collections.Concurrent;
using System.Diagnostics;
using Csmr.TestKit.Checking.Histories;

namespace Csmr.Chaos.Histories;

/// <summary>All calls of a run.</summary>
public sealed class History
{
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly ConcurrentQueue<CallRecord> _calls = [];

    /// <summary>Microseconds since the start of the run, by a clock that never jumps.</summary>
    public long NowUs => (long)Stopwatch.GetElapsedTime(_startedAt).TotalMicroseconds;

    /// <summary>The calls, roughly in the order of their ends.</summary>
    public IReadOnlyCollection<CallRecord> Calls => _calls;

    public void Add(CallRecord call) => _calls.Enqueue(call);

    /// <summary>The history as operations of the single services.</summary>
    public IReadOnlyList<HistoryOperation> ToOperations() => [.. _calls.SelectMany(static call => call.ToOperations())];

    /// <summary>Writes the history as a file that can be judged by itself.</summary>
    public void Save(string file) => HistoryFile.Write(file, HistoryRules.Services.Name, ToOperations());
}
