namespace Csmr.Grains.Replicas;

/// <summary>The key of a replica's grains: <c>silo/group</c>. The silo is the one that has the replica's disk.</summary>
internal static class ReplicaKey
{
    /// <summary>The grain type of the log grains, as it is in their ids.</summary>
    public const string LogGrainType = "csmr-log";

    /// <summary>The grain type of the replica grains, as it is in their ids.</summary>
    public const string ReplicaGrainType = "csmr-replica";

    /// <summary>The grain type of the grain that speaks for a silo, as it is in its id.</summary>
    public const string SiloGrainType = "csmr-silo";

    /// <summary>The key of the grain that speaks for a silo.</summary>
    /// <param name="silo">The silo's name.</param>
    /// <returns>The key.</returns>
    public static string OfSilo(string silo) => $"{silo}/silo";

    /// <summary>Makes a key.</summary>
    /// <param name="silo">The silo's name.</param>
    /// <param name="group">The group.</param>
    /// <returns>The key.</returns>
    public static string Of(string silo, GroupId group) => $"{silo}/{group.Name}";

    /// <summary>Reads a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="silo">The silo's name.</param>
    /// <param name="group">The group.</param>
    /// <returns>Whether the text is a key.</returns>
    public static bool TryRead(string? key, out string silo, out GroupId group)
    {
        var at = key?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (at <= 0 || at == key!.Length - 1)
        {
            (silo, group) = ("", default);
            return false;
        }

        (silo, group) = (key[..at], new GroupId(key[(at + 1)..]));
        return true;
    }

    /// <summary>Whether a grain is one that belongs to a silo by its key.</summary>
    /// <param name="id">The grain.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsPinned(GrainId id) =>
        id.Type.Value.AsSpan().SequenceEqual("csmr-log"u8)
        || id.Type.Value.AsSpan().SequenceEqual("csmr-replica"u8)
        || id.Type.Value.AsSpan().SequenceEqual("csmr-silo"u8);
}
