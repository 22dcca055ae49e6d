using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Messaging;
using Orleans.Runtime;

namespace Csmr.Grains.Hosting;

/// <summary>
/// Membership in memory, shared by the silos (and clients) of one process: for the first run and for tests. Any silo may
/// stop and come back; the table lives as long as this object.
/// </summary>
public sealed class EmbeddedCluster
{
    private readonly EmbeddedMembershipTable _table = new();

    /// <summary>Lets a silo use this membership.</summary>
    /// <param name="silo">The silo's builder.</param>
    public void Use(ISiloBuilder silo)
    {
        silo.Services.AddSingleton<IMembershipTable>(_table);
        silo.Services.AddSingleton<IGatewayListProvider>(_table);

        // The silos of one process live and die together: one that does not answer is short of CPU, not dead.
        silo.ConfigureCsmrMembership(static tuning => (tuning.ProbeTimeoutMs, tuning.MissedProbesMax) = (5_000, 10));
    }

    /// <summary>Lets a client find the gateways of this membership.</summary>
    /// <param name="client">The client's builder.</param>
    public void Use(IClientBuilder client)
    {
        client.Services.AddSingleton<IGatewayListProvider>(_table);
    }
}

/// <summary>The table: rows and a version that change together or not at all, by comparison of tags.</summary>
internal sealed class EmbeddedMembershipTable : IMembershipTable, IGatewayListProvider
{
    private readonly Lock _lock = new();
    private readonly Dictionary<SiloAddress, (MembershipEntry Entry, int Tag)> _rows = [];
    private int _version;
    private int _lastTag;

    /// <inheritdoc/>
    public TimeSpan MaxStaleness => TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public bool IsUpdatable => true;

    private TableVersion Version => new(_version, _version.ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public Task InitializeMembershipTable(bool tryInitTableVersion) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    /// <inheritdoc/>
    public Task DeleteMembershipTableEntries(string clusterId)
    {
        lock (_lock)
        {
            _rows.Clear();
            _version++;
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate)
    {
        lock (_lock)
        {
            foreach (var (silo, row) in _rows.ToArray())
            {
                if (row.Entry.Status == SiloStatus.Dead && row.Entry.IAmAliveTime < beforeDate.UtcDateTime)
                {
                    _rows.Remove(silo);
                }
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadRow(SiloAddress key)
    {
        lock (_lock)
        {
            return Task.FromResult(_rows.TryGetValue(key, out var row)
                ? new MembershipTableData(TupleOf(row), Version)
                : new MembershipTableData(Version));
        }
    }

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadAll()
    {
        lock (_lock)
        {
            return Task.FromResult(new MembershipTableData([.. _rows.Values.Select(TupleOf)], Version));
        }
    }

    /// <inheritdoc/>
    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion)
    {
        lock (_lock)
        {
            if (_rows.ContainsKey(entry.SiloAddress) || !IsNext(tableVersion))
            {
                return Task.FromResult(false);
            }

            Write(entry, tableVersion);
            return Task.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion)
    {
        lock (_lock)
        {
            if (!_rows.TryGetValue(entry.SiloAddress, out var row) || !string.Equals(TagOf(row.Tag), etag, StringComparison.Ordinal) || !IsNext(tableVersion))
            {
                return Task.FromResult(false);
            }

            Write(entry, tableVersion);
            return Task.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public Task UpdateIAmAlive(MembershipEntry entry)
    {
        lock (_lock)
        {
            if (_rows.TryGetValue(entry.SiloAddress, out var row))
            {
                row.Entry.IAmAliveTime = entry.IAmAliveTime;
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IList<Uri>> GetGateways()
    {
        lock (_lock)
        {
            return Task.FromResult<IList<Uri>>([.. _rows.Values
                .Where(static row => row.Entry is { Status: SiloStatus.Active, ProxyPort: > 0 })
                .Select(static row => SiloAddress.New(row.Entry.SiloAddress.Endpoint.Address, row.Entry.ProxyPort, row.Entry.SiloAddress.Generation).ToGatewayUri())]);
        }
    }

    private bool IsNext(TableVersion wanted) => wanted.Version == _version + 1 && string.Equals(wanted.VersionEtag, Version.VersionEtag, StringComparison.Ordinal);

    private void Write(MembershipEntry entry, TableVersion version)
    {
        _rows[entry.SiloAddress] = (Copy(entry), ++_lastTag);
        _version = version.Version;
    }

    private static Tuple<MembershipEntry, string> TupleOf((MembershipEntry Entry, int Tag) row) => Tuple.Create(Copy(row.Entry), TagOf(row.Tag));

    private static string TagOf(int tag) => tag.ToString(CultureInfo.InvariantCulture);

    private static MembershipEntry Copy(MembershipEntry entry) => new()
    {
        SiloAddress = entry.SiloAddress,
        Status = entry.Status,
        SuspectTimes = entry.SuspectTimes is { } times ? [.. times] : null,
        ProxyPort = entry.ProxyPort,
        HostName = entry.HostName,
        SiloName = entry.SiloName,
        RoleName = entry.RoleName,
        UpdateZone = entry.UpdateZone,
        FaultZone = entry.FaultZone,
        StartTime = entry.StartTime,
        IAmAliveTime = entry.IAmAliveTime,
    };
}
