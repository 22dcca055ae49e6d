using System.Globalization;
using System.Text;

namespace Csmr.Storage.Format;

/// <summary>
/// Whose data a directory holds. Written once, as lines of text that a person can read:
/// <c>csmr-data 1</c>, <c>cluster</c>, <c>node</c>, <c>journal</c> and a checksum of these.
/// </summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Node">The node of the cluster.</param>
/// <param name="Journal">128 random bits made with the directory: two journals never take each other's segments for their own.</param>
internal sealed record JournalIdentity(string Cluster, string Node, UInt128 Journal)
{
    /// <summary>The newest format of a data directory that this program knows.</summary>
    public const int FormatVersion = 1;

    private const string Magic = "csmr-data ";

    /// <summary>The identity as the bytes of its file.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Magic}{FormatVersion}\ncluster {Cluster}\nnode {Node}\njournal {Journal:x32}\n");
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{text}crc32c {Crc32C.Of(Encoding.UTF8.GetBytes(text)):x8}\n"));
    }

    /// <summary>The format version that the bytes of an identity file claim.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The version; null where there is none.</returns>
    public static int? VersionOf(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        if (end < 0 || !bytes.StartsWith("csmr-data "u8))
        {
            return null;
        }

        return int.TryParse(bytes[Magic.Length..end], NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;
    }

    /// <summary>Reads the bytes of an identity file of the known version.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The identity; null where the bytes are not exactly what <see cref="Encode"/> writes.</returns>
    public static JournalIdentity? TryDecode(ReadOnlySpan<byte> bytes)
    {
        var lines = Encoding.UTF8.GetString(bytes).Split('\n');
        if (lines.Length != 6 ||
            Value(lines[1], "cluster ") is not { } cluster ||
            Value(lines[2], "node ") is not { } node ||
            Value(lines[3], "journal ") is not { } journal ||
            !UInt128.TryParse(journal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        var identity = new JournalIdentity(cluster, node, number);
        return bytes.SequenceEqual(identity.Encode()) ? identity : null;
    }

    private static string? Value(string line, string name) => line.StartsWith(name, StringComparison.Ordinal) ? line[name.Length..] : null;
}
