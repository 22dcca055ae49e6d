using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Csmr.Cluster.Tests.Gateway;

/// <summary>Keeps what the product logs, each message with its members.</summary>
internal sealed class LogLines : ILoggerProvider
{
    public ConcurrentQueue<IReadOnlyDictionary<string, object?>> Messages { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, Messages);

    public void Dispose()
    {
    }

    private sealed class Logger(string category, ConcurrentQueue<IReadOnlyDictionary<string, object?>> messages) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => category.StartsWith("Csmr.", StringComparison.Ordinal);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (state is IReadOnlyList<KeyValuePair<string, object?>> members)
            {
                messages.Enqueue(members.ToDictionary(static member => member.Key, static member => member.Value, StringComparer.Ordinal));
            }
        }
    }
}
