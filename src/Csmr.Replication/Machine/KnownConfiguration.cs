using Csmr.Replication.Paxos;

namespace Csmr.Replication.Machine;

/// <summary>The configuration that holds behind the applied slots, as it is kept in snapshots: a copy, for who starts from one.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Packed">The configuration, packed; empty for the one that the group was formed with.</param>
internal readonly record struct KnownConfiguration(long Number, ReadOnlyMemory<byte> Packed)
{
    /// <summary>What holds after an entry. A configuration that does not follow has no effect (see <see cref="Configurations.Takes"/>).</summary>
    /// <param name="entry">The entry.</param>
    /// <returns>The configuration.</returns>
    public KnownConfiguration After(Entry entry) =>
        entry.Configuration is { } next && next.Number == Number + 1 ? new KnownConfiguration(next.Number, next.Pack()) : this;

    /// <summary>Reads one from a snapshot.</summary>
    /// <param name="packed">What the snapshot tells.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="WireFormatException">The bytes are no configuration.</exception>
    public static KnownConfiguration Read(ReadOnlyMemory<byte> packed) =>
        packed.IsEmpty ? default : new KnownConfiguration(GroupConfiguration.Read(packed).Number, packed.ToArray());
}
