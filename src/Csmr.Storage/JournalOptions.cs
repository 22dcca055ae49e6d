using System.Text;
using Csmr.Storage.Format;

namespace Csmr.Storage;

/// <summary>How to open a journal.</summary>
public sealed record JournalOptions
{
    /// <summary>The smallest size of a segment.</summary>
    public const int SegmentBytesMin = 8 * 1024;

    /// <summary>The largest size of a segment: one is in memory while the journal is opened.</summary>
    public const int SegmentBytesMax = 1024 * 1024 * 1024;

    private const int NameBytesMax = 255;

    /// <summary>The silo's data directory; created when missing.</summary>
    public required string Directory { get; init; }

    /// <summary>The cluster that the silo belongs to.</summary>
    public required string Cluster { get; init; }

    /// <summary>The silo's name in the cluster, the same after every restart.</summary>
    public required string Node { get; init; }

    /// <summary>The size of the segments that are created from now on; a multiple of 4096.</summary>
    public int SegmentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>A batch is closed when it has this size; a single larger record makes a larger one.</summary>
    public int BatchBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>Told, in one line, what goes wrong without harm so far. Called on a thread of the journal; must not throw.</summary>
    public Action<string>? OnWarning { get; init; }

    /// <summary>The largest payload of one record that fits into a segment.</summary>
    public int PayloadBytesMax =>
        SegmentBytes - SegmentHeader.Bytes - BatchFrame.MarkBytes - BatchFrame.HeaderBytes - (2 * RecordCodec.OverheadBytesMax) - NameBytesMax;

    /// <summary>Checks that the options make sense.</summary>
    /// <exception cref="ArgumentException">They do not; the message says which.</exception>
    public void Validate()
    {
        Require(!string.IsNullOrWhiteSpace(Directory), nameof(Directory), "must be a path");
        Require(IsName(Cluster), nameof(Cluster), "must have 1 to 255 bytes and no control characters");
        Require(IsName(Node), nameof(Node), "must have 1 to 255 bytes and no control characters");
        Require(
            SegmentBytes is >= SegmentBytesMin and <= SegmentBytesMax && SegmentBytes % SegmentHeader.Bytes == 0,
            nameof(SegmentBytes),
            $"must be a multiple of {SegmentHeader.Bytes} from {SegmentBytesMin} to {SegmentBytesMax}");
        Require(BatchBytesMax > 0, nameof(BatchBytesMax), "must be positive");
    }

    /// <summary>Whether a text can be the name of a cluster, a node or a group.</summary>
    /// <param name="name">The text.</param>
    /// <returns>Whether it has 1 to 255 bytes in UTF-8 and no control characters.</returns>
    internal static bool IsName(string? name) =>
        !string.IsNullOrWhiteSpace(name) && !name.Any(char.IsControl) && Encoding.UTF8.GetByteCount(name) <= NameBytesMax;

    private static void Require(bool isRight, string option, string rule)
    {
        if (!isRight)
        {
            throw new ArgumentException($"{option} {rule}", option);
        }
    }
}
