using System.Text;
using Csmr.Composition.Findings;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Csmr.Composition.Yaml;

/// <summary>
/// Reads YAML strictly: one document of bounded size and depth, without anchors, aliases and tags, no key twice. Everything
/// else is a finding with its place, never an exception.
/// </summary>
public sealed class YamlText
{
    /// <summary>The most bytes of a file.</summary>
    public const int BytesMax = 1 << 20;

    /// <summary>The deepest nesting.</summary>
    public const int DepthMax = 32;

    private readonly string _file;
    private readonly FindingList _findings;
    private readonly Scanner _scanner;
    private readonly Parser _parser;

    // Deep nesting costs the library more than linear time, so nothing is read any more once the limit is met.
    private bool _isGivenUp;

    private YamlText(string file, string text, FindingList findings)
    {
        _file = file;
        _findings = findings;
        _scanner = new Scanner(new StringReader(text), skipComments: true);
        _parser = new Parser(_scanner);
    }

    /// <summary>Reads a text.</summary>
    /// <param name="file">The name of its file, for findings.</param>
    /// <param name="text">The text.</param>
    /// <param name="findings">Takes what is wrong.</param>
    /// <returns>The root node; null where there is an error.</returns>
    public static YamlNode? Read(string file, string text, FindingList findings)
    {
        var start = new Position(file, 1, 1);
        if (text.Length > BytesMax || Encoding.UTF8.GetByteCount(text) > BytesMax)
        {
            findings.Add(FindingCodes.TooLarge, start, "the file is larger than 1 MiB", "split it and include the parts");
            return null;
        }

        if (FindTab(text) is var (line, column))
        {
            findings.Add(FindingCodes.Tab, new Position(file, line, column), "a tab indents this line", "use spaces");
            return null;
        }

        var reading = new YamlText(file, text, findings);
        try
        {
            return reading.Document(start);
        }
        catch (YamlException flaw)
        {
            findings.Add(FindingCodes.NotYaml, PositionOf(file, flaw.Start), $"this is not YAML: {OneLine(flaw)}");
        }
        catch (Exception flaw) when (flaw is not (OutOfMemoryException or InsufficientExecutionStackException))
        {
            // The library has met a case that it does not know: for the author it is a text that is not YAML all the same.
            findings.Add(
                FindingCodes.NotYaml,
                PositionOf(file, reading._scanner.CurrentPosition),
                "this is not YAML: it cannot be read on from here",
                "is a bracket or a quote not closed?");
        }

        return null;
    }

    private YamlNode? Document(Position start)
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            _findings.Add(FindingCodes.Empty, start, "the file is empty", "a manifest starts with 'apiVersion: csmr/v1'");
            return null;
        }

        _parser.Consume<DocumentStart>();
        var root = Node(1);
        if (_isGivenUp)
        {
            return null;
        }

        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
        {
            _findings.Add(
                FindingCodes.SeveralDocuments, PositionOf(_file, second.Start), "a second document starts here", "put each manifest into its own file");
            return null;
        }

        _parser.Consume<StreamEnd>();
        return root;
    }

    /// <summary>Reads one node; null where it is refused (and reported), with everything in it skipped.</summary>
    private YamlNode? Node(int depth)
    {
        if (_parser.Accept<AnchorAlias>(out var alias))
        {
            _findings.Add(
                FindingCodes.Indirection, PositionOf(_file, alias.Start), $"aliases are not allowed: *{Suggestion.Shown(alias.Value.Value)}", "write it out");
            _parser.MoveNext();
            return null;
        }

        var start = (NodeEvent)_parser.Current!;
        var position = PositionOf(_file, start.Start);
        if (!start.Anchor.IsEmpty || (!start.Tag.IsEmpty && !start.Tag.IsNonSpecific))
        {
            var (what, remedy) = start.Anchor.IsEmpty ? ("tags are", "leave the tag out") : ("anchors are", "write things out where they are used");
            _findings.Add(FindingCodes.Indirection, position, $"{what} not allowed", remedy);
        }

        if (start is not Scalar && depth > DepthMax)
        {
            _findings.Add(FindingCodes.TooDeep, position, $"the text is nested deeper than {DepthMax} levels", "use fewer levels");
            _isGivenUp = true;
            return null;
        }

        return start switch
        {
            Scalar scalar => Single(scalar, position),
            SequenceStart => List(depth, position),
            _ => Map(depth, position),
        };
    }

    private YamlScalar Single(Scalar scalar, Position position)
    {
        _parser.MoveNext();
        return new YamlScalar(position, scalar.Value, scalar.Style == ScalarStyle.Plain);
    }

    private YamlList List(int depth, Position position)
    {
        _parser.Consume<SequenceStart>();
        var items = new List<YamlNode>();
        while (!_isGivenUp && !_parser.TryConsume<SequenceEnd>(out _))
        {
            if (Node(depth + 1) is { } item)
            {
                items.Add(item);
            }
        }

        return new YamlList(position, items);
    }

    private YamlMap Map(int depth, Position position)
    {
        _parser.Consume<MappingStart>();
        var entries = new List<YamlEntry>();
        var places = new Dictionary<string, Position>(StringComparer.Ordinal);
        while (!_isGivenUp && !_parser.TryConsume<MappingEnd>(out _))
        {
            var keyPosition = PositionOf(_file, _parser.Current!.Start);
            var key = Node(depth + 1);
            var value = _isGivenUp ? null : Node(depth + 1);
            if (key is not null and not YamlScalar)
            {
                _findings.Add(FindingCodes.WrongKind, keyPosition, $"a key must be a text, but this is {key.Kind}");
            }
            else if (key is YamlScalar scalar && !places.TryAdd(scalar.Text, keyPosition))
            {
                var first = places[scalar.Text];
                _findings.Add(
                    FindingCodes.DuplicateKey,
                    keyPosition,
                    $"key '{Suggestion.Shown(scalar.Text)}' is given twice, first in line {first.Line}",
                    "remove one");
            }
            else if (key is YamlScalar kept && value is not null)
            {
                entries.Add(new YamlEntry(kept.Text, keyPosition, value));
            }
        }

        return new YamlMap(position, entries);
    }

    private static Position PositionOf(string file, Mark mark) => new(file, (int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private static (int Line, int Column)? FindTab(string text)
    {
        var line = 1;
        var column = 1;
        var isIndent = true;
        foreach (var character in text)
        {
            if (character == '\t' && isIndent)
            {
                return (line, column);
            }

            isIndent = character == '\n' || (isIndent && character == ' ');
            (line, column) = character == '\n' ? (line + 1, 1) : (line, column + 1);
        }

        return null;
    }

    /// <summary>The library's message without its own marks.</summary>
    private static string OneLine(YamlException flaw)
    {
        var message = (flaw.InnerException ?? flaw).Message.ReplaceLineEndings(" ");
        var end = message.IndexOf("): ", StringComparison.Ordinal);
        return message.StartsWith('(') && end > 0 ? message[(end + 3)..] : message;
    }
}
