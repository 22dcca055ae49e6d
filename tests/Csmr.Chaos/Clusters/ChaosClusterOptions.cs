using Csmr.Chaos.Processes;

namespace Csmr.Chaos.Clusters;

/// <summary>What a cluster under test is made of. Faults may change it before anything starts.</summary>
public sealed class ChaosClusterOptions
{
    /// <summary>The name of the database's place in <see cref="Places"/>.</summary>
    public const string Postgres = "postgres";

    /// <summary>How many replica processes: three or five.</summary>
    public int Replicas { get; init; } = 3;

    /// <summary>How many gateway processes.</summary>
    public int Gateways { get; init; } = 2;

    /// <summary>MiB of journal behind which a replica takes a snapshot: little, so that there are some in every run.</summary>
    public int SnapshotJournalMib { get; set; } = 2;

    /// <summary>The manifest's text for the names of the replicas' silos.</summary>
    public Func<IReadOnlyList<string>, string> Manifest { get; init; } = ChaosManifest.Text;

    /// <summary>Whether segments that replicas delete are kept, to be judged.</summary>
    public bool IsArchived { get; init; } = true;

    /// <summary>Where data, logs and histories go; a temporary directory where null.</summary>
    public string? Directory { get; init; }

    /// <summary>Whether the temporary directory is left where it is.</summary>
    public bool IsKept { get; init; }

    /// <summary>Is told what happens to processes.</summary>
    public Action<string> Log { get; init; } = static _ => { };

    /// <summary>Where processes run, by name (<c>n1</c>, <c>gw1</c>, <see cref="Postgres"/>); the harness's own surroundings for those not named.</summary>
    public IDictionary<string, Place> Places { get; } = new Dictionary<string, Place>(StringComparer.Ordinal);

    /// <summary>What is disposed of, the last first, when all processes have ended: namespaces, mounts.</summary>
    public IList<IAsyncDisposable> Belongings { get; } = [];

    /// <summary>The names of the replicas' silos.</summary>
    public IReadOnlyList<string> ReplicaNames => [.. Enumerable.Range(1, Replicas).Select(static number => $"n{number}")];

    /// <summary>The names of the gateways' silos.</summary>
    public IReadOnlyList<string> GatewayNames => [.. Enumerable.Range(1, Gateways).Select(static number => $"gw{number}")];

    /// <summary>Where a process runs.</summary>
    public Place PlaceOf(string name) => Places.TryGetValue(name, out var place) ? place : new Place();

    /// <summary>Changes where a process runs.</summary>
    public void Change(string name, Func<Place, Place> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        Places[name] = change(PlaceOf(name));
    }
}
