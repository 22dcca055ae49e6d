using Csmr.Composition.Findings;
using Csmr.Composition.Yaml;

namespace Csmr.Composition.Manifests;

/// <summary>
/// Reads the entries of one map by their keys. Keys that the map does not take are reported when it is opened; a value of
/// the wrong kind is reported when it is asked for, and counts as not given.
/// </summary>
public sealed class MapReader
{
    private readonly MapKeys _keys;
    private readonly FindingList _findings;
    private readonly Dictionary<string, YamlEntry> _entries = new(StringComparer.Ordinal);

    public MapReader(YamlMap map, MapKeys keys, FindingList findings)
    {
        (Position, _keys, _findings) = (map.Position, keys, findings);
        foreach (var entry in map.Entries.TakeWhile(_ => !findings.IsFull))
        {
            if (keys.Keys.Contains(entry.Key))
            {
                _entries.Add(entry.Key, entry);
            }
            else
            {
                IsBroken = true;
                findings.Add(
                    FindingCodes.UnknownKey,
                    entry.KeyPosition,
                    $"there is no key '{Suggestion.Shown(entry.Key)}' here",
                    Suggestion.Among(entry.Key, "the keys are", keys.Keys));
            }
        }
    }

    public Position Position { get; }

    /// <summary>Whether anything in the map was wrong so far.</summary>
    public bool IsBroken { get; private set; }

    public bool Has(string key) => _entries.ContainsKey(Known(key));

    public YamlNode? Node(string key) => _entries.GetValueOrDefault(Known(key))?.Value;

    public Position PositionOf(string key) => _entries.TryGetValue(Known(key), out var entry) ? entry.KeyPosition : Position;

    public YamlMap? Map(string key, bool isRequired = false) => Of<YamlMap>(key, "a map", isRequired);

    public YamlList? List(string key, bool isRequired = false) => Of<YamlList>(key, "a list", isRequired);

    public Located<string>? Text(string key, bool isRequired = false)
    {
        var scalar = Of<YamlScalar>(key, "a text", isRequired);
        return scalar is null ? null : TextOf(scalar);
    }

    /// <summary>A text that may be any: also one that looks like a number, if it is quoted.</summary>
    public Located<string>? TextOf(YamlNode node)
    {
        if (node is YamlScalar { IsText: true } scalar)
        {
            return new Located<string>(scalar.Text, scalar.Position);
        }

        var remedy = node is YamlScalar { IsNull: false } other ? $"write it in quotes: \"{Suggestion.Shown(other.Text)}\"" : "";
        Wrong(FindingCodes.WrongKind, node.Position, $"a text is wanted here, but this is {node.Kind}", remedy);
        return null;
    }

    public Located<string>? Name(string key, bool isRequired = false)
    {
        var text = Text(key, isRequired);
        return text is null ? null : NameOf(text);
    }

    /// <summary>The same text if it is a name, else a finding.</summary>
    public Located<string>? NameOf(Located<string> text)
    {
        if (Names.IsName(text.Value))
        {
            return text;
        }

        Wrong(FindingCodes.BadName, text.Position, $"'{Suggestion.Shown(text.Value)}' is no name", Names.Rule);
        return null;
    }

    public Located<int>? Integer(string key, int minimum, int maximum)
    {
        var number = Long(key, minimum, maximum);
        return number is null ? null : new Located<int>((int)number.Value, number.Position);
    }

    public Located<long>? Long(string key, long minimum, long maximum)
    {
        var node = Node(key);
        if (node is null)
        {
            return null;
        }

        if (node is not YamlScalar { IsPlain: true } scalar || !scalar.IsNumber)
        {
            Wrong(FindingCodes.WrongKind, node.Position, $"'{key}' must be an integer, but this is {node.Kind}");
            return null;
        }

        if (scalar.Integer is { } number && number >= minimum && number <= maximum)
        {
            return new Located<long>(number, scalar.Position);
        }

        var expected = maximum == long.MaxValue ? $"an integer of at least {minimum}" : $"an integer from {minimum} to {maximum}";
        Wrong(FindingCodes.OutOfBounds, scalar.Position, $"'{key}' is {Suggestion.Shown(scalar.Text)}, but must be {expected}");
        return null;
    }

    public bool? Bool(string key)
    {
        var node = Node(key);
        if (node is null or YamlScalar { Bool: not null })
        {
            return (node as YamlScalar)?.Bool;
        }

        Wrong(FindingCodes.WrongKind, node.Position, $"'{key}' must be true or false, but this is {node.Kind}");
        return null;
    }

    /// <summary>One of several words.</summary>
    public Located<T>? Choice<T>(string key, IReadOnlyDictionary<string, T> choices)
    {
        var text = Text(key);
        if (text is null)
        {
            return null;
        }

        if (choices.TryGetValue(text.Value, out var choice))
        {
            return new Located<T>(choice, text.Position);
        }

        Wrong(
            FindingCodes.WrongChoice,
            text.Position,
            $"'{key}' cannot be '{Suggestion.Shown(text.Value)}'",
            Suggestion.Among(text.Value, "it can be", choices.Keys));
        return null;
    }

    /// <summary>A list of names, not empty.</summary>
    public IReadOnlyList<Located<string>>? NameList(string key) => TextList(key)?.Select(NameOf).OfType<Located<string>>().ToList();

    /// <summary>A list of texts, not empty.</summary>
    public IReadOnlyList<Located<string>>? TextList(string key)
    {
        var list = List(key);
        if (list is { Items.Count: 0 })
        {
            Wrong(FindingCodes.NothingGiven, list.Position, $"'{key}' is empty", "list something or leave it out");
        }

        return list?.Items.Select(TextOf).OfType<Located<string>>().ToList();
    }

    /// <summary>Opens a map inside this one.</summary>
    public MapReader? Open(string key, MapKeys keys, bool isRequired = false)
    {
        var map = Map(key, isRequired);
        return map is null ? null : new MapReader(map, keys, _findings);
    }

    /// <summary>Opens each map of a list inside this one.</summary>
    public IReadOnlyList<MapReader>? OpenEach(string key, MapKeys keys)
    {
        var list = List(key);
        if (list is { Items.Count: 0 })
        {
            Wrong(FindingCodes.NothingGiven, list.Position, $"'{key}' is empty", "list something or leave it out");
        }

        return list?.Items.Select(item => Open(item, keys)).OfType<MapReader>().ToList();
    }

    /// <summary>Opens a node that must be a map.</summary>
    public MapReader? Open(YamlNode node, MapKeys keys)
    {
        if (node is YamlMap map)
        {
            return new MapReader(map, keys, _findings);
        }

        Wrong(FindingCodes.WrongKind, node.Position, $"a map is wanted here ({string.Join(", ", keys.Keys)}), but this is {node.Kind}");
        return null;
    }

    /// <summary>Reports something wrong in this map.</summary>
    public void Wrong(FindingCode code, Position position, string message, string remedy = "")
    {
        IsBroken = true;
        _findings.Add(code, position, message, remedy);
    }

    private T? Of<T>(string key, string kind, bool isRequired)
        where T : YamlNode
    {
        var node = Node(key);
        if (node is null && isRequired)
        {
            Wrong(FindingCodes.MissingKey, Position, $"the key '{key}' is missing here", $"add '{key}: …'");
        }
        else if (node is not null and not T)
        {
            Wrong(FindingCodes.WrongKind, node.Position, $"'{key}' must be {kind}, but this is {node.Kind}");
        }

        return node as T;
    }

    private string Known(string key) =>
        _keys.Keys.Contains(key) ? key : throw new ArgumentException($"The keys of '{_keys.Name}' do not have '{key}'.", nameof(key));
}

/// <summary>The rule for names of services, compositions, operations, steps and nodes.</summary>
internal static class Names
{
    public const string Rule = "a name is at most 64 lower-case letters, digits and hyphens, a letter first";

    private const int LengthMax = 64;

    public static bool IsName(string text) =>
        text.Length is > 0 and <= LengthMax && char.IsAsciiLetterLower(text[0]) && text.All(static character =>
            char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '-');

    /// <summary>Arguments and fields may have capitals: <c>leaseSeconds</c>.</summary>
    public static bool IsArgumentName(string text) =>
        text.Length is > 0 and <= LengthMax && char.IsAsciiLetterLower(text[0]) && text.All(char.IsAsciiLetterOrDigit);
}
