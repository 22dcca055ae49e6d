using System.Globalization;
using System.Net;
using Csmr.Gateway.Hosting;
using Microsoft.Extensions.Logging;

namespace Csmr.Server.Options;

/// <summary>Reads the flags; what is not given as one is taken from the environment (<c>--silo-port</c> is <c>CSMR_SILO_PORT</c>).</summary>
internal static class CommandLine
{
    /// <summary>What the flags mean.</summary>
    public const string Usage = """
        Usage: Csmr.Server [flags]

          --role all|replica|gateway   all (default): three replica silos and a gateway in this process
          --manifest FILE              the composition; default: samples/compositions/audited-store.yaml
          --data DIR                   where the silos keep their data, each in a directory of its name; default: ./data
          --urls URL[;URL]             where REST is served; default: http://127.0.0.1:8080 (a replica serves none unless asked)
          --name NAME                  the silo's name; a replica's is a node of the manifest
          --cluster NAME               the cluster's name; default: the composition's
          --clustering embedded|postgres   how silos find each other; embedded (default) is for --role all
          --postgres CONNECTION        the database's connection string
          --postgres-file FILE         a file with it instead: a mounted secret
          --silo-port N                the silo's port; default: a free one
          --gateway-port N             the port for Orleans clients; default: a free one
          --startup-seconds N          how long to wait for the database at the start; default: 60
          --snapshot-journal-mib N     the journal that a replica holds, at least, before it takes a snapshot; default: 64
          --drain-seconds N            how long, at most, a replica or gateway that is told to stop goes on first: a gateway as long as new
                                       callers may still come, a replica until its groups can do without it; default: 0
          --checkpoints DIR            where a gateway keeps checkpoints, one process a directory; default: checkpoints below --data for
                                       --role all, else none
          --checkpoints-kept N         how many checkpoints are kept, the newest; default: all
          --checkpoint-days N          for how many days checkpoints are kept; default: for ever
          --log quiet|warning|information|debug   default: quiet (warnings and our own life-cycle messages)
          --log-format line|json       default: line; json: each message an object, with group, silo and trace as members
          --tls DIR                    a directory with tls.crt and tls.key for https:// in --urls; renewed files hold without a restart
          --silo-tls DIR               one with tls.crt, tls.key and ca.crt: mutual TLS on all connections of Orleans (docs/security.md)
          --otlp URL                   where traces are sent to by OTLP (gRPC), as http://localhost:4317; default: nowhere
          --trace-percent N            of a hundred calls without a trace of their own, how many are traced; default: 1
          --access FILE                who may call what at the REST interface (docs/security.md); everybody may everything where left out
          --audit FILE                 where administration and refused calls are noted; default with --access: the log
          --requests-per-second N      the most requests of one client in a second, more are answered 429; default: no such limit
          --requests-at-once N         the most requests that are served at once, more are answered 429; default: 4096
          --connections N              the most connections to the REST interface; default: 10000
          --body-kib N                 the largest body of a request; default: 1024
          --advertise IP               the address that other silos reach this one at; default: 127.0.0.1

        Every flag can be given in the environment too: --silo-port as CSMR_SILO_PORT, and so on.
        """;

    private static readonly string[] Flags =
        ["role", "manifest", "data", "urls", "name", "cluster", "clustering", "postgres", "postgres-file", "silo-port", "gateway-port", "advertise", "startup-seconds", "snapshot-journal-mib", "drain-seconds", "checkpoints", "checkpoints-kept", "checkpoint-days", "log",
         "access", "audit", "requests-per-second", "requests-at-once", "connections", "body-kib", "tls", "silo-tls", "otlp", "trace-percent", "log-format"];

    /// <summary>Reads flags.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">Reads a variable of the environment.</param>
    /// <returns>The options.</returns>
    /// <exception cref="StartException">They make no sense.</exception>
    public static ServerOptions Read(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        if (arguments.Any(static argument => argument is "--help" or "-h" or "-?"))
        {
            return new ServerOptions { IsHelp = true };
        }

        var given = ReadFlags(arguments);
        string? Of(string flag) => given.TryGetValue(flag, out var value) ? value : NullIfEmpty(environment(VariableOf(flag)));
        var options = new ServerOptions
        {
            Role = Choice<ServerRole>("role", Of("role")),
            Manifest = Of("manifest"),
            DataDirectory = Of("data") ?? "data",
            Urls = Urls(Of("urls")),
            Name = Of("name"),
            Cluster = Of("cluster"),
            Clustering = Choice<ClusteringKind>("clustering", Of("clustering")),
            Postgres = Postgres(Of("postgres"), Of("postgres-file")),
            SiloPort = Number("silo-port", Of("silo-port"), 65535, 0),
            GatewayPort = Number("gateway-port", Of("gateway-port"), 65535, 0),
            StartupSeconds = Number("startup-seconds", Of("startup-seconds"), 86_400, 60),
            SnapshotJournalMib = Number("snapshot-journal-mib", Of("snapshot-journal-mib"), 1 << 20, ServerOptions.DefaultSnapshotJournalMib),
            DrainSeconds = Number("drain-seconds", Of("drain-seconds"), 3600, 0),
            Checkpoints = Of("checkpoints"),
            CheckpointsKept = Number("checkpoints-kept", Of("checkpoints-kept"), 1_000_000, 0),
            CheckpointDays = Number("checkpoint-days", Of("checkpoint-days"), 36_500, 0),
            LogLevel = Log(Of("log")),
            Rest = RestOf(Of),
            LogFormat = Choice<LogFormat>("log-format", Of("log-format")),
            Otlp = Collector(Of("otlp")),
            TracePercent = Number("trace-percent", Of("trace-percent"), 100, 1),
            TlsDirectory = Of("tls"),
            SiloTlsDirectory = Of("silo-tls"),
            Advertised = Address(Of("advertise")),
        };
        Check(options);
        return options;
    }

    private static RestOptions RestOf(Func<string, string?> given)
    {
        var usual = new RestOptions();
        return usual with
        {
            AccessFile = given("access"),
            AuditFile = given("audit"),
            RequestsPerSecondMax = Number("requests-per-second", given("requests-per-second"), 1_000_000, 0),
            RequestsAtOnceMax = Number("requests-at-once", given("requests-at-once"), 1_000_000, usual.RequestsAtOnceMax),
            ConnectionsMax = Number("connections", given("connections"), 1_000_000, usual.ConnectionsMax),
            BodyBytesMax = Number("body-kib", given("body-kib"), 64 << 10, usual.BodyBytesMax >> 10) << 10,
        };
    }

    private static Dictionary<string, string> ReadFlags(IReadOnlyList<string> arguments)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Count; i++)
        {
            var parts = arguments[i].Split('=', 2);
            var flag = parts[0].StartsWith("--", StringComparison.Ordinal) ? parts[0][2..] : "";
            if (!Flags.Contains(flag, StringComparer.Ordinal))
            {
                throw Wrong($"unknown flag '{parts[0]}'");
            }

            var value = parts.Length == 2 ? parts[1] : i + 1 < arguments.Count ? arguments[++i] : throw Wrong($"--{flag} needs a value");
            if (value.Length == 0 || !given.TryAdd(flag, value))
            {
                throw Wrong(value.Length == 0 ? $"--{flag} needs a value" : $"--{flag} is given twice");
            }
        }

        return given;
    }

    private static void Check(ServerOptions options)
    {
        if (options.Clustering == ClusteringKind.Postgres && options.Postgres is null)
        {
            throw Wrong("--clustering postgres needs --postgres with a connection string (or CSMR_POSTGRES), or --postgres-file");
        }

        if (options.Role != ServerRole.All && options.Clustering == ClusteringKind.Embedded)
        {
            throw Wrong("--role replica and --role gateway need --clustering postgres: embedded clustering lives in one process");
        }

        var isHttps = options.Urls?.Split(';').Any(static url => url.StartsWith("https:", StringComparison.OrdinalIgnoreCase)) == true;
        if (isHttps != (options.TlsDirectory is not null))
        {
            throw Wrong(isHttps ? "https:// in --urls needs --tls with the directory of a certificate" : "--tls is for https:// in --urls, and there is none");
        }

        if (options.Role == ServerRole.Replica && options.Name is null)
        {
            throw Wrong("--role replica needs --name with a node of the manifest");
        }

        if (options.Role == ServerRole.All && options.DrainSeconds != 0)
        {
            throw Wrong("--drain-seconds is for --role replica and --role gateway: of one process nobody takes over");
        }

        if (options.Role == ServerRole.All && (options.Name is not null || options.SiloPort != 0 || options.GatewayPort != 0))
        {
            throw Wrong("--name, --silo-port and --gateway-port are for --role replica and --role gateway");
        }
    }

    private static T Choice<T>(string flag, string? value)
        where T : struct, Enum
    {
        if (value is null)
        {
            return default;
        }

        var isName = Array.Exists(Enum.GetNames<T>(), name => string.Equals(name, value, StringComparison.OrdinalIgnoreCase));
        return isName
            ? Enum.Parse<T>(value, ignoreCase: true)
            : throw Wrong($"--{flag} is one of {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}, not '{value}'");
    }

    private static int Number(string flag, string? value, int maximum, int otherwise)
    {
        if (value is null)
        {
            return otherwise;
        }

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= maximum
            ? number
            : throw Wrong($"--{flag} is a number from 1 to {maximum}, not '{value}'");
    }

    private static string? Postgres(string? connection, string? file)
    {
        if (connection is not null && file is not null)
        {
            throw Wrong("--postgres and --postgres-file are both given");
        }

        try
        {
            return file is null ? connection : NullIfEmpty(File.ReadAllText(file).Trim());
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw Wrong($"--postgres-file cannot be read: {cause.Message}");
        }
    }

    private static LogLevel? Log(string? value) => value switch
    {
        null or "quiet" => null,
        "warning" => LogLevel.Warning,
        "information" => LogLevel.Information,
        "debug" => LogLevel.Debug,
        _ => throw Wrong($"--log is one of quiet, warning, information, debug, not '{value}'"),
    };

    private static IPAddress Address(string? value) =>
        value is null ? IPAddress.Loopback
        : IPAddress.TryParse(value, out var address) ? address
        : throw Wrong($"--advertise is an IP address, not '{value}'");

    private static Uri? Collector(string? value) =>
        value is null ? null
        : Uri.TryCreate(value, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) ? url
        : throw Wrong($"--otlp is http://host:port or https://host:port, not '{value}'");

    private static string? Urls(string? value)
    {
        var isGood = value is null || value.Split(';').All(static url =>
            Uri.TryCreate(url.Replace("//*", "//host", StringComparison.Ordinal).Replace("//+", "//host", StringComparison.Ordinal), UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps));
        return isGood ? value : throw Wrong($"--urls is one or more of http://host:port or https://host:port, parted by semicolons, not '{value}'");
    }

    private static string VariableOf(string flag) => "CSMR_" + flag.Replace('-', '_').ToUpperInvariant();

    private static string? NullIfEmpty(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;

    private static StartException Wrong(string message) => new(StartException.Usage, $"{message}; see --help");
}
