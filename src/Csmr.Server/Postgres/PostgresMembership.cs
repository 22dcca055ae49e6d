using System.Data.Common;
using Csmr.Server.Options;
using Npgsql;
using Orleans.Hosting;

namespace Csmr.Server.Postgres;

/// <summary>
/// The silos' meeting place in a PostgreSQL database: a schema of our own (<c>csmr</c>), made by whoever comes first. Used
/// for membership only; nothing on the path of a call waits for the database.
/// </summary>
internal static class PostgresMembership
{
    private const string Schema = "csmr";

    // Any number that nothing else locks by: "csmr" in ASCII.
    private const long SchemaLock = 0x63736D72;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Makes sure that the schema is there. Waits a while for a database that is still starting.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="patience">How long to wait.</param>
    /// <param name="output">Is told about waiting.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The connection string for the silos.</returns>
    /// <exception cref="StartException">The database cannot be used.</exception>
    public static async Task<string> PrepareAsync(string connectionString, TimeSpan patience, TextWriter output, CancellationToken cancellationToken)
    {
        var builder = Parse(connectionString);
        var place = $"{builder.Database} at {builder.Host}:{builder.Port}";
        var since = DateTimeOffset.UtcNow;
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                await CreateAsync(builder.ConnectionString, cancellationToken);
                return builder.ConnectionString;
            }
            catch (DbException cause) when (IsPassing(cause) && DateTimeOffset.UtcNow - since < patience)
            {
                if (isFirst)
                {
                    await output.WriteLineAsync($"Waiting for the PostgreSQL database {place}: {cause.Message}");
                }

                await Task.Delay(Pause, cancellationToken);
            }
            catch (DbException cause)
            {
                throw new StartException(
                    StartException.Trouble, $"the PostgreSQL database {place} cannot be used: {cause.Message}. Check --postgres and that the server runs.", cause);
            }
        }
    }

    /// <summary>Lets a silo find the others there.</summary>
    /// <param name="silo">The silo's builder.</param>
    /// <param name="connectionString">What <see cref="PrepareAsync"/> returned.</param>
    public static void Use(ISiloBuilder silo, string connectionString) => silo.UseAdoNetClustering(options =>
    {
        options.Invariant = "Npgsql";
        options.ConnectionString = connectionString;
    });

    private static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "csmr" };
            builder.SearchPath = Schema;
            return builder;
        }
        catch (ArgumentException cause)
        {
            throw new StartException(
                StartException.Usage, $"--postgres is no connection string ({cause.Message}); it looks like 'Host=localhost;Username=csmr;Password=…;Database=csmr'", cause);
        }
    }

    private static async Task CreateAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // One at a time: several silos start at once, and CREATE … IF NOT EXISTS alone may still collide.
        await ExecuteAsync($"SELECT pg_advisory_xact_lock({SchemaLock})");
        await ExecuteAsync($"CREATE SCHEMA IF NOT EXISTS {Schema}");
        await ExecuteAsync(ReadSchema());
        await transaction.CommitAsync(cancellationToken);

        async Task ExecuteAsync(string statements)
        {
            await using var command = new NpgsqlCommand(statements, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static string ReadSchema()
    {
        using var stream = typeof(PostgresMembership).Assembly.GetManifestResourceStream("Csmr.Server.Postgres.schema.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    // A wrong password or a missing database does not pass by waiting; a server that is starting does.
    private static bool IsPassing(DbException cause) => cause is not PostgresException postgres || postgres.IsTransient || postgres.SqlState == PostgresErrorCodes.CannotConnectNow;
}
