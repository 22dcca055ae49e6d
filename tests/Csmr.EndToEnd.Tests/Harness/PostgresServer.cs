using System.Diagnostics;
using Npgsql;

namespace Csmr.EndToEnd.Tests.Harness;

/// <summary>A private PostgreSQL on a free loopback port, with its data in a temporary directory.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _binaries;
    private readonly int _port = ServerProcess.FreePort();

    private PostgresServer(string binaries) => _binaries = binaries;

    public string ConnectionString => $"Host=127.0.0.1;Port={_port};Username=csmr;Database=postgres";

    /// <summary>Starts one; where PostgreSQL is not installed the test is skipped with that reason.</summary>
    public static async Task<PostgresServer> StartAsync()
    {
        var binaries = Environment.GetEnvironmentVariable("CSMR_POSTGRES_BIN") ??
            Directory.GetDirectories("/usr/lib/postgresql").Select(static path => Path.Combine(path, "bin")).FirstOrDefault(File.Exists) ??
            (File.Exists("/usr/local/bin/postgres") ? "/usr/local/bin" : null);
        Assert.SkipWhen(binaries is null, "PostgreSQL is not installed (scripts/test installs it)");
        var server = new PostgresServer(binaries!);
        try
        {
            var data = server._directory.Sub("pg");
            await server.RunAsync("chmod", "777", server._directory.Path);
            await server.RunAsPostgresAsync("initdb", "-D", data, "-U", "csmr", "-A", "trust", "--no-sync");
            await server.StartAgainAsync();
            await using var connection = new NpgsqlConnection(server.ConnectionString);
            await connection.OpenAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public Task StartAgainAsync() => RunAsPostgresAsync(
        "pg_ctl", "-D", _directory.Sub("pg"), "-w", "-l", _directory.Sub("log"), "-o",
        $"-p {_port} -h 127.0.0.1 -k {_directory.Path} -c fsync=off", "start");

    public Task StopAsync() => RunAsPostgresAsync("pg_ctl", "-D", _directory.Sub("pg"), "-m", "immediate", "-w", "stop");

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(_directory.Sub("pg"), "postmaster.pid")))
        {
            await StopAsync();
        }

        _directory.Dispose();
    }

    /// <summary>PostgreSQL refuses to run as root: then it runs as another user.</summary>
    private Task RunAsPostgresAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(_binaries, program);
        return Environment.IsPrivilegedProcess
            ? RunAsync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", path, .. arguments])
            : RunAsync(path, arguments);
    }

    private async Task RunAsync(string program, params IEnumerable<string> arguments)
    {
        // The output goes to a file: the database that pg_ctl leaves behind would keep a pipe open.
        var log = _directory.Sub($"{Path.GetFileName(program)}-{Guid.NewGuid():N}.out");
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = "/" };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("out=$1; shift; exec \"$@\" >\"$out\" 2>&1 </dev/null");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(log);
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}: {await File.ReadAllTextAsync(log)}");
    }
}
