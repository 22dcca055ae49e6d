using System.Text.Json;
using Csmr.TestKit.Checking.Objects;

namespace Csmr.TestKit.Checking.Histories;

/// <summary>
/// How the operations of a composition act on objects. A file names its rules, so that it can be judged without the manifest.
/// </summary>
public sealed class HistoryRules
{
    private readonly Func<HistoryOperation, IEnumerable<NamedCall>> _read;

    private HistoryRules(string name, bool isAtomic, Func<HistoryOperation, IEnumerable<NamedCall>> read) =>
        (Name, IsAtomic, _read) = (name, isAtomic, read);

    /// <summary>Every operation is one of a shipped service.</summary>
    public static HistoryRules Services { get; } = new("services", isAtomic: true, operation => ServiceCalls.Read(operation) is { } call ? [call] : []);

    /// <summary>
    /// A put also appends <c>{"put": key, "version": version}</c> to the log, somewhere between its call and its answer and not at one
    /// moment with it (consistency: independent), as in the sample audited-store.
    /// </summary>
    public static HistoryRules AuditedStore { get; } = new("audited-store", isAtomic: false, ReadAudited);

    /// <summary>The same, where the put and its entry are done at one moment.</summary>
    public static HistoryRules AuditedStoreAtomic { get; } = new("audited-store-atomic", isAtomic: true, ReadAudited);

    /// <summary>All rules.</summary>
    public static IReadOnlyList<HistoryRules> All { get; } = [Services, AuditedStore, AuditedStoreAtomic];

    /// <summary>The name that stands in the file.</summary>
    public string Name { get; }

    /// <summary>Whether all that an operation does is done at one moment.</summary>
    public bool IsAtomic { get; }

    /// <summary>The rules of a name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The rules, or null.</returns>
    public static HistoryRules? Find(string name) => All.FirstOrDefault(rules => rules.Name == name);

    /// <summary>The calls of objects that make up an operation.</summary>
    /// <exception cref="FormatException">It is no operation that can be judged.</exception>
    internal IEnumerable<NamedCall> Read(HistoryOperation operation)
    {
        try
        {
            return _read(operation);
        }
        catch (InvalidOperationException error)
        {
            throw new FormatException($"an argument or answer of {operation.Op} has the wrong type: {error.Message}", error);
        }
    }

    private static IEnumerable<NamedCall> ReadAudited(HistoryOperation operation)
    {
        if (ServiceCalls.Read(operation) is not { } call)
        {
            return [];
        }

        if (call.Call is not KvCall { Kind: KvCallKind.Put } put)
        {
            return [call];
        }

        var key = operation.Args.GetProperty("key").GetString()!;
        var append = put.IsAnswered
            ? new LogCall(LogCallKind.Append) { IsAnswered = true, Entry = $$"""{"put":{{CanonicalJson.Of(operation.Args.GetProperty("key"))}},"version":{{put.Version}}}""" }
            : new LogCall(LogCallKind.Append) { IsAnswered = false, EntryMatches = entry => IsEntryOf(entry, key) };
        return [call, new NamedCall("log", append)];
    }

    // The version that a put of unknown outcome gave is unknown too; no other put of the key gave it.
    private static bool IsEntryOf(string entry, string key)
    {
        using var parsed = JsonDocument.Parse(entry);
        var root = parsed.RootElement;
        return root.ValueKind == JsonValueKind.Object
            && root.TryGetProperty("put", out var name) && name.ValueKind == JsonValueKind.String && name.GetString() == key
            && root.TryGetProperty("version", out var version) && version.TryGetInt64(out _);
    }
}
