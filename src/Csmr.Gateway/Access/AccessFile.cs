using System.Globalization;
using System.Text;
using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;
using Csmr.Composition.Yaml;

namespace Csmr.Gateway.Access;

/// <summary>An access file cannot be used; every line of the message is a finding with its place.</summary>
/// <param name="message">What is wrong, and where.</param>
public sealed class AccessFileException(string message) : Exception(message);

/// <summary>Reads an access file: who may call what. Whatever it does not grant is refused.</summary>
internal sealed class AccessFile
{
    public const string Kind = "Access";

    private const int HashDigits = 64;

    private static readonly MapKeys RootKeys = new("access", ["apiVersion", "kind", "roles", "principals", "tokens"]);
    private static readonly MapKeys RoleKeys = new("role", ["call", "administer"]);
    private static readonly MapKeys PrincipalKeys = new("principal", ["roles", "keys", "subject"]);
    private static readonly MapKeys KeyKeys = new("key", ["sha256", "expires"]);
    private static readonly MapKeys TokenKeys = new("tokens", ["issuer", "audience", "keys", "rolesClaim"]);

    private readonly FindingList _findings = new();
    private readonly string _file;
    private readonly Plan _plan;
    private readonly Action<Exception> _onFailure;

    private AccessFile(string file, Plan plan, Action<Exception> onFailure) => (_file, _plan, _onFailure) = (file, plan, onFailure);

    /// <summary>Reads one.</summary>
    /// <param name="file">Its name: for findings, and for what is beside it.</param>
    /// <param name="content">What is in it.</param>
    /// <param name="plan">The plan whose operations it grants.</param>
    /// <param name="onFailure">Is told why changed files that it names are not used.</param>
    /// <returns>The rules.</returns>
    /// <exception cref="AccessFileException">It cannot be used.</exception>
    public static AccessRules Read(string file, byte[] content, Plan plan, Action<Exception> onFailure)
    {
        var reading = new AccessFile(file, plan, onFailure);
        var rules = reading.Read(content);
        return !reading._findings.HasError
            ? rules!
            : throw new AccessFileException($"the access file '{file}' cannot be used:{Environment.NewLine}{string.Join(Environment.NewLine, reading._findings.Sorted(file))}");
    }

    private AccessRules? Read(byte[] content)
    {
        var node = YamlText.Read(_file, Encoding.UTF8.GetString(content), _findings);
        if (node is not YamlMap map)
        {
            if (node is not null)
            {
                _findings.Add(FindingCodes.WrongKind, node.Position, $"an access file is a map, but this is {node.Kind}");
            }

            return null;
        }

        var root = new MapReader(map, RootKeys, _findings);
        Header(root, "apiVersion", ManifestKeys.ApiVersion);
        Header(root, "kind", Kind);
        var roles = Each(root, "roles", RoleKeys, RoleOf).ToDictionary(static role => role.Name);
        var keys = new List<ApiKey>();
        var subjects = new Dictionary<string, Principal>(StringComparer.Ordinal);
        foreach (var (principal, reader) in Each(root, "principals", PrincipalKeys, (name, reader) => (new Principal(name, RolesOf(reader, roles)), reader)))
        {
            AddProofs(principal, reader, keys, subjects);
        }

        var tokens = root.Open("tokens", TokenKeys) is { } section ? TokensOf(section) : null;
        return new AccessRules(keys, subjects, roles, tokens);
    }

    private static void Header(MapReader root, string key, string expected)
    {
        if (root.Text(key, isRequired: true) is { } given && given.Value != expected)
        {
            root.Wrong(FindingCodes.WrongChoice, given.Position, $"'{key}' must be '{expected}', not '{Suggestion.Shown(given.Value)}'");
        }
    }

    private IEnumerable<T> Each<T>(MapReader root, string key, MapKeys keys, Func<string, MapReader, T> make)
    {
        foreach (var entry in root.Map(key)?.Entries ?? [])
        {
            if (entry.Value is YamlMap map)
            {
                yield return make(entry.Key, new MapReader(map, keys, _findings));
            }
            else
            {
                root.Wrong(FindingCodes.WrongKind, entry.Value.Position, $"a map is wanted here ({string.Join(", ", keys.Keys)}), but this is {entry.Value.Kind}");
            }
        }
    }

    private Role RoleOf(string name, MapReader reader)
    {
        var operations = (reader.TextList("call") ?? []).SelectMany(grant => OperationsOf(reader, grant)).ToHashSet(StringComparer.Ordinal);
        var areas = reader.TextList("administer") ?? [];
        foreach (var area in areas.Where(static area => !AdministrationArea.All.Contains(area.Value)))
        {
            reader.Wrong(
                FindingCodes.WrongChoice,
                area.Position,
                $"there is no area of administration '{Suggestion.Shown(area.Value)}'",
                Suggestion.Among(area.Value, "there are", AdministrationArea.All));
        }

        return new Role(name, operations, areas.Select(static area => area.Value).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>The operations that <c>service.operation</c> or <c>service.*</c> stands for.</summary>
    private IEnumerable<string> OperationsOf(MapReader reader, Located<string> grant)
    {
        var parts = grant.Value.Split('.');
        var ofService = _plan.Operations.Where(operation => operation.Service == parts[0]).Select(static operation => operation.Name).ToArray();
        if (parts.Length != 2)
        {
            reader.Wrong(FindingCodes.BadExpression, grant.Position, $"'{Suggestion.Shown(grant.Value)}' is no grant", "write service.operation, or service.* for all of a service");
        }
        else if (ofService.Length == 0)
        {
            reader.Wrong(
                FindingCodes.UnknownService,
                grant.Position,
                $"the composition exposes no service '{Suggestion.Shown(parts[0])}'",
                Suggestion.Among(parts[0], "it exposes", _plan.Operations.Select(static operation => operation.Service)));
        }
        else if (parts[1] != "*" && !ofService.Contains(parts[1]))
        {
            reader.Wrong(
                FindingCodes.UnknownOperation,
                grant.Position,
                $"service '{parts[0]}' has no operation '{Suggestion.Shown(parts[1])}'",
                Suggestion.Among(parts[1], "it has", ofService));
        }
        else
        {
            return parts[1] == "*" ? ofService : [parts[1]];
        }

        return [];
    }

    private static Role[] RolesOf(MapReader reader, Dictionary<string, Role> roles)
    {
        var names = reader.TextList("roles") ?? [];
        foreach (var name in names.Where(name => !roles.ContainsKey(name.Value)))
        {
            reader.Wrong(
                FindingCodes.WrongChoice, name.Position, $"there is no role '{Suggestion.Shown(name.Value)}'", Suggestion.Among(name.Value, "there are", roles.Keys));
        }

        return [.. names.Select(name => roles.GetValueOrDefault(name.Value)).OfType<Role>()];
    }

    private static void AddProofs(Principal principal, MapReader reader, List<ApiKey> keys, Dictionary<string, Principal> subjects)
    {
        foreach (var entry in reader.OpenEach("keys", KeyKeys) ?? [])
        {
            if (entry.Text("sha256", isRequired: true) is not { } hash)
            {
                continue;
            }

            if (hash.Value.Length != HashDigits || !hash.Value.All(char.IsAsciiHexDigit))
            {
                // What stands here may be the key itself: it is not repeated.
                entry.Wrong(FindingCodes.WrongKind, hash.Position, "this is no SHA-256 of a key: it has 64 hexadecimal digits", "`csmr new-key` makes a key and its hash");
                continue;
            }

            keys.Add(new ApiKey(Convert.FromHexString(hash.Value), ExpiryOf(entry), principal));
        }

        if (reader.Text("subject") is { } subject && !subjects.TryAdd(subject.Value, principal))
        {
            reader.Wrong(FindingCodes.DefinedTwice, subject.Position, "another principal has this subject");
        }
    }

    private static DateTimeOffset ExpiryOf(MapReader entry)
    {
        if (entry.Text("expires") is not { } text)
        {
            return DateTimeOffset.MaxValue;
        }

        if (!DateTimeOffset.TryParseExact(
            text.Value, ["yyyy-MM-dd", "yyyy-MM-ddTHH:mm:ssZ"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var expiry))
        {
            entry.Wrong(FindingCodes.WrongKind, text.Position, $"'{Suggestion.Shown(text.Value)}' is no time", "write it as 2027-01-31 or 2027-01-31T12:00:00Z, in UTC");
        }

        return expiry;
    }

    private TokenRules? TokensOf(MapReader section)
    {
        var (issuer, audience, keys) = (section.Text("issuer", isRequired: true), section.Text("audience", isRequired: true), section.Text("keys", isRequired: true));
        var rolesClaim = section.Text("rolesClaim")?.Value;
        if (issuer is null || audience is null || keys is null)
        {
            return null;
        }

        if (Uri.TryCreate(keys.Value, UriKind.Absolute, out var address) && !address.IsFile)
        {
            if (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
            {
                return TokenRules.OfAddress(address, issuer.Value, audience.Value, rolesClaim);
            }

            section.Wrong(FindingCodes.WrongChoice, keys.Position, "the address of the token keys must be https://");
            return null;
        }

        var file = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_file)) ?? "", keys.Value);
        try
        {
            return TokenRules.OfFile(file, issuer.Value, audience.Value, rolesClaim, _onFailure);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or FormatException)
        {
            section.Wrong(FindingCodes.Unreadable, keys.Position, $"the token keys of '{Suggestion.Shown(keys.Value)}' cannot be used: {cause.Message.ReplaceLineEndings(" ")}");
            return null;
        }
    }
}
