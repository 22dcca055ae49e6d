using System.Globalization;
using Npgsql;

namespace Csmr.Chaos.Processes;

/// <summary>A private PostgreSQL on a free port, with its data in a temporary directory.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const int Nobody = 65534;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly TemporaryDirectory _directory = new();
    private readonly string _binaries;
    private readonly Place _place;
    private readonly int _port = FreePorts.Next();
    private OwnedProcess? _process;

    private PostgresServer(string binaries, Place place) => (_binaries, _place) = (binaries, place);

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? WhyNot => FindBinaries() is null ? "PostgreSQL is not installed (scripts/test installs it)" : null;

    public string ConnectionString => $"Host={_place.Address};Port={_port};Username=csmr;Database=postgres";

    /// <summary>Makes a database and starts it.</summary>
    public static async Task<PostgresServer> StartAsync(Place? place = null)
    {
        var server = new PostgresServer(FindBinaries() ?? throw new HarnessException(WhyNot!), place ?? new Place());
        try
        {
            await server.InitializeAsync();
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it and waits until it takes connections.</summary>
    public async Task StartAgainAsync()
    {
        string[] settings =
        [
            "-D", _directory.Sub("pg"), "-p", _port.ToString(CultureInfo.InvariantCulture), "-h", _place.Address, "-k", _directory.Path, "-c", "fsync=off",
        ];
        var process = _process = OwnedProcess.Start([Program("postgres"), .. settings], _place, user: User);
        var isUp = await Wait.UntilAsync(Limit, () =>
        {
            HarnessException.Require(!process.HasExited, () => $"PostgreSQL ended with code {process.ExitCode}:\n{process.Output}");
            return AnswersAsync();
        });
        HarnessException.Require(isUp, () => $"PostgreSQL did not come up within {Limit}:\n{process.Output}");
    }

    /// <summary>Stops it at once, without asking its clients.</summary>
    public async Task StopAsync()
    {
        if (_process is { } process)
        {
            process.Signal(OwnedProcess.SignalQuit);
            await process.WaitForExitAsync(Limit);
            await process.DisposeAsync();
            _process = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _directory.Dispose();
    }

    /// <summary>PostgreSQL refuses to run as root: then it runs as another user.</summary>
    private static int? User => Environment.IsPrivilegedProcess ? Nobody : null;

    private static string? FindBinaries()
    {
        var debian = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        return Environment.GetEnvironmentVariable("CSMR_POSTGRES_BIN")
            ?? Array.Find([.. debian.Select(static path => Path.Combine(path, "bin")), "/usr/local/bin"], static path => File.Exists(Path.Combine(path, "postgres")));
    }

    private async Task InitializeAsync()
    {
        const UnixFileMode Everybody = (UnixFileMode)0b111_111_111;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_directory.Path, Everybody);
        }

        await using var make = OwnedProcess.Start(
            [Program("initdb"), "-D", _directory.Sub("pg"), "-U", "csmr", "-A", "trust", "--no-sync"], user: User);
        HarnessException.Require(await make.WaitForExitAsync(Limit) == 0, () => $"initdb failed:\n{make.Output}");
        await File.AppendAllTextAsync(Path.Combine(_directory.Sub("pg"), "pg_hba.conf"), "\nhost all all samenet trust\n");
    }

    private string Program(string name) => Path.Combine(_binaries, name);

    private async Task<bool> AnswersAsync()
    {
        try
        {
            // Without a pool: the next one must not get a connection of a server that is gone.
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=5");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
