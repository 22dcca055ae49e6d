using System.Net;
using Csmr.Composition.Plans;
using Csmr.Gateway.Hosting;
using Csmr.Grains.Hosting;
using Csmr.Replication.Ports;
using Csmr.Server.Options;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;

namespace Csmr.Server.Hosting;

/// <summary>One silo of this process: who and where it is, and how it finds the others.</summary>
internal sealed record SiloSettings
{
    /// <summary>Its name in the cluster.</summary>
    public required string Name { get; init; }

    /// <summary>The cluster's name.</summary>
    public required string Cluster { get; init; }

    /// <summary>The running plan.</summary>
    public required Plan Plan { get; init; }

    /// <summary>Lets it find the others.</summary>
    public required Action<ISiloBuilder> Clustering { get; init; }

    /// <summary>The address that the others reach it at.</summary>
    public IPAddress Advertised { get; init; } = IPAddress.Loopback;

    /// <summary>Its port for silos.</summary>
    public required int SiloPort { get; init; }

    /// <summary>Its port for Orleans clients.</summary>
    public required int GatewayPort { get; init; }

    /// <summary>Where it listens for HTTP; null for nowhere.</summary>
    public string? Urls { get; init; }

    /// <summary>The limits of its REST interface, and who may use it.</summary>
    public RestOptions Rest { get; init; } = new();

    /// <summary>Adds what sends traces, to one silo of the process; null where none are sent, or another one sends them.</summary>
    public Action<IServiceCollection>? Traces { get; init; }

    /// <summary>The directory with the certificate for HTTPS; null for none.</summary>
    public string? TlsDirectory { get; init; }

    /// <summary>The directory with the certificate and the authority for the connections of Orleans; null for plain ones.</summary>
    public string? SiloTlsDirectory { get; init; }

    /// <summary>Where its replicas keep their data; null for a silo without replicas.</summary>
    public string? Directory { get; init; }

    /// <summary>Where it keeps checkpoints; null where it keeps none.</summary>
    public string? CheckpointDirectory { get; init; }

    /// <summary>Which checkpoints it keeps.</summary>
    public Action<CheckpointOptions> Retention { get; init; } = static _ => { };

    /// <summary>Bytes of journal that a replica holds, at least, before it takes a snapshot.</summary>
    public long SnapshotJournalBytes { get; init; } = (long)ServerOptions.DefaultSnapshotJournalMib << 20;

    /// <summary>Sets up its log.</summary>
    public Action<ILoggingBuilder> Logging { get; init; } = static logging => QuietConsole.Configure(logging, null);

    /// <summary>Stands between the replicas and their journal: for tests.</summary>
    public Func<IJournal, IJournal> Journal { get; init; } = static journal => journal;

    /// <summary>Changes it further: for tests.</summary>
    public Action<ISiloBuilder>? Further { get; init; }
}
