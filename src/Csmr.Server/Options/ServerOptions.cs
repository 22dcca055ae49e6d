using System.Net;
using Csmr.Gateway.Hosting;
using Microsoft.Extensions.Logging;

namespace Csmr.Server.Options;

/// <summary>What this process carries.</summary>
internal enum ServerRole
{
    /// <summary>All replica silos of the plan and a gateway, on this machine alone.</summary>
    All = 0,

    /// <summary>One silo with the replicas of one node.</summary>
    Replica = 1,

    /// <summary>One silo without replicas that serves REST.</summary>
    Gateway = 2,
}

/// <summary>How silos find each other.</summary>
internal enum ClusteringKind
{
    /// <summary>In this process's memory.</summary>
    Embedded = 0,

    /// <summary>In a table of a PostgreSQL database.</summary>
    Postgres = 1,
}

/// <summary>How log lines look.</summary>
internal enum LogFormat
{
    /// <summary>For people: time and message.</summary>
    Line = 0,

    /// <summary>For programs: a JSON object each.</summary>
    Json = 1,
}

/// <summary>How the process was asked to run; see <see cref="CommandLine"/>.</summary>
internal sealed record ServerOptions
{
    /// <summary>Where REST is served where nothing else is said.</summary>
    public const string DefaultUrls = "http://127.0.0.1:8080";

    /// <summary>What a replica's journal holds, at least, before it takes a snapshot, where nothing else is said.</summary>
    public const int DefaultSnapshotJournalMib = 64;

    /// <summary>What it carries.</summary>
    public ServerRole Role { get; init; }

    /// <summary>The silo's name; null for one made up.</summary>
    public string? Name { get; init; }

    /// <summary>The cluster's name; null for the composition's.</summary>
    public string? Cluster { get; init; }

    /// <summary>How silos find each other.</summary>
    public ClusteringKind Clustering { get; init; }

    /// <summary>The database's connection string.</summary>
    public string? Postgres { get; init; }

    /// <summary>The manifest's file; null for the sample.</summary>
    public string? Manifest { get; init; }

    /// <summary>The directory above the silos' own.</summary>
    public string DataDirectory { get; init; } = "data";

    /// <summary>Where REST is served; null for the role's default.</summary>
    public string? Urls { get; init; }

    /// <summary>The silo's port; 0 for a free one.</summary>
    public int SiloPort { get; init; }

    /// <summary>The port for Orleans clients; 0 for a free one.</summary>
    public int GatewayPort { get; init; }

    /// <summary>The address that other silos reach this one at.</summary>
    public IPAddress Advertised { get; init; } = IPAddress.Loopback;

    /// <summary>Seconds to wait for the database at the start.</summary>
    public int StartupSeconds { get; init; } = 60;

    /// <summary>MiB of journal that a replica holds, at least, before it takes a snapshot.</summary>
    public int SnapshotJournalMib { get; init; } = DefaultSnapshotJournalMib;

    /// <summary>Seconds for which a silo that is told to stop goes on first, at most.</summary>
    public int DrainSeconds { get; init; }

    /// <summary>Where checkpoints are kept; null for nowhere, or for <c>checkpoints</c> below the data of <see cref="ServerRole.All"/>.</summary>
    public string? Checkpoints { get; init; }

    /// <summary>How many checkpoints are kept; 0 for all.</summary>
    public int CheckpointsKept { get; init; }

    /// <summary>For how many days checkpoints are kept; 0 for ever.</summary>
    public int CheckpointDays { get; init; }

    /// <summary>The least level of what everybody logs; null for the quiet default.</summary>
    public LogLevel? LogLevel { get; init; }

    /// <summary>The limits of the REST interface, and who may use it.</summary>
    public RestOptions Rest { get; init; } = new();

    /// <summary>The directory with the certificate for HTTPS; null for none.</summary>
    public string? TlsDirectory { get; init; }

    /// <summary>The directory with the certificate and the authority for the connections of Orleans; null for plain ones.</summary>
    public string? SiloTlsDirectory { get; init; }

    /// <summary>Where traces are sent to (OTLP over gRPC); null for nowhere.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>Of a hundred calls that come without a trace of their own, how many are traced.</summary>
    public int TracePercent { get; init; } = 1;

    /// <summary>How log lines look.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>Whether only the usage is wanted.</summary>
    public bool IsHelp { get; init; }
}
