namespace Csmr.Services.KeyValue;

/// <summary>What is kept under a key.</summary>
/// <param name="Version">The revision at which the value was put.</param>
/// <param name="Value">The value as canonical JSON text.</param>
internal readonly record struct KvEntry(long Version, byte[] Value);

/// <summary>The keys and their values.</summary>
/// <remarks>
/// Versions are drawn from one revision counter of the whole machine. So the version of a key grows for ever, also when the
/// key is deleted and put again, and nothing needs to be kept about deleted keys.
/// </remarks>
internal sealed class KvState
{
    /// <summary>Makes one.</summary>
    /// <param name="revision">The last version given.</param>
    public KvState(long revision = 0) => Revision = revision;

    /// <summary>The last version given: at or above the version of every key, and never going down.</summary>
    public long Revision { get; private set; }

    /// <summary>The values by key; changed through <see cref="Put"/>, which keeps the versions right.</summary>
    public OrderedMap<OrdinalKey, KvEntry> Entries { get; private init; } = new();

    /// <summary>A copy, at once.</summary>
    public KvState Copy() => new(Revision) { Entries = Entries.Copy() };

    /// <summary>The revision goes on from a number, where it is not beyond it.</summary>
    public void RaiseRevision(long revision) => Revision = Math.Max(Revision, revision);

    /// <summary>Sets the value of a key and tells its new version.</summary>
    public long Put(string key, byte[] value)
    {
        Entries.Set(key, new KvEntry(++Revision, value));
        return Revision;
    }
}
