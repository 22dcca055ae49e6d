using System.Text.Json;

namespace Csmr.Client;

/// <summary>The shipped service <c>log</c>: a list of entries that grows at its end, is read by index and can be cut at its start.</summary>
public interface IRecordLog
{
    /// <summary>Adds an entry at the end.</summary>
    /// <typeparam name="T">The type of the entry, written as JSON.</typeparam>
    /// <param name="entry">The entry; not null.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The entry's index: 1 for the first one ever, then one more each time.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<long> AppendAsync<T>(T entry, CallOptions? options = null, CancellationToken cancellationToken = default)
        where T : notnull;

    /// <summary>Reads the entries from one index to another.</summary>
    /// <param name="first">The index of the first entry wanted, from 1.</param>
    /// <param name="last">The index of the last entry wanted; beyond the end it means the end.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The entries, and from where to go on.</returns>
    /// <exception cref="CsmrException">The call did not end well; <c>log.truncated</c>: the first ones are no longer kept.</exception>
    Task<RecordPage> RetrieveAsync(long first, long last, CallOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Drops every entry below an index for ever.</summary>
    /// <param name="index">The index of the first entry to keep; one above the end keeps none.</param>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether the log starts at that index now.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<bool> TruncateAsync(long index, CallOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Reads which indexes there are.</summary>
    /// <param name="options">What to say about the call.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The bounds.</returns>
    /// <exception cref="CsmrException">The call did not end well.</exception>
    Task<RecordBounds> BoundsAsync(CallOptions? options = null, CancellationToken cancellationToken = default);
}

/// <summary>Entries of a log.</summary>
/// <param name="Entries">The entries in order; empty where the first one wanted is beyond the end.</param>
/// <param name="Next">The index to go on from, where the answer was too small for all that was wanted; else null.</param>
/// <param name="Bounds">The bounds of the whole log.</param>
public sealed record RecordPage(IReadOnlyList<JsonElement> Entries, long? Next, RecordBounds Bounds);

/// <summary>Which indexes a log has.</summary>
/// <param name="Start">The index of the first entry kept, or of the next one to come where there is none.</param>
/// <param name="End">The index of the last entry; one below <paramref name="Start"/> where there is none.</param>
public sealed record RecordBounds(long Start, long End);
