using Csmr.Storage.Format;

namespace Csmr.Storage.Snapshots;

/// <summary>How to open a store of snapshots.</summary>
public sealed record SnapshotStoreOptions
{
    /// <summary>The silo's data directory; the snapshots are in a directory of their own in it.</summary>
    public required string Directory { get; init; }

    /// <summary>The cluster that the silo belongs to.</summary>
    public required string Cluster { get; init; }

    /// <summary>Told, in one line, what goes wrong without harm so far: which file, where, and what to do. Called on any thread; must not throw.</summary>
    public Action<string>? OnWarning { get; init; }

    /// <summary>The clock by which readers are taken to have gone.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The content of a full frame; the same at all replicas.</summary>
    internal int FrameBytes { get; init; } = SnapshotFrame.ContentBytesMax;

    /// <summary>How long a snapshot that a peer reads is kept after its last reading.</summary>
    public static TimeSpan ReaderTime { get; } = TimeSpan.FromMinutes(1);
}
