using System.Text;
using System.Text.Json;
using Csmr.Chaos.Processes;
using Csmr.Deploy.Tests.Helm;

namespace Csmr.Deploy.Tests;

/// <summary>The values, their schema and the table of the README say the same. <c>CSMR_APPROVE=1</c> writes the table.</summary>
public sealed class ReadmeTests
{
    private const string Begin = "<!-- values: written by a test -->";
    private const string End = "<!-- end of values -->";
    private const string Comment = "# -- ";

    private static string Readme => Path.Combine(HelmTool.Chart, "README.md");

    [Fact]
    public void Table_OfTheReadme_IsThatOfTheValues()
    {
        var text = File.ReadAllText(Readme);
        var (from, to) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        Assert.True(to > from, "the README has the marks");
        var table = new StringBuilder("\n| value | default | |\n|---|---|---|\n");
        foreach (var (path, value, comment) in Values())
        {
            table.Append(System.Globalization.CultureInfo.InvariantCulture, $"| `{path}` | `{value}` | {comment} |\n");
        }

        if (Environment.GetEnvironmentVariable("CSMR_APPROVE") == "1")
        {
            File.WriteAllText(Readme, $"{text[..from]}\n{table}\n{text[to..]}");
            text = File.ReadAllText(Readme);
            to = text.IndexOf(End, StringComparison.Ordinal);
        }

        Assert.Equal(table.ToString().Trim(), text[from..to].Trim());
    }

    [Fact]
    public void Schema_EveryValue_IsDescribedAndHasAType()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(HelmTool.Chart, "values.schema.json")));
        var known = LeavesOf(schema.RootElement, "").ToArray();
        string[] values = [.. Values().Select(static value => value.Path)];

        // 'global' is Helm's own: a chart above this one may set it.
        Assert.Equal(values.Order(), known.Where(static path => path != "global").Order());
    }

    [Fact]
    public void Templates_EveryValue_IsUsed()
    {
        var templates = string.Join('\n', Directory.GetFiles(Path.Combine(HelmTool.Chart, "templates"), "*", SearchOption.AllDirectories).Select(File.ReadAllText));
        foreach (var (path, _, _) in Values())
        {
            var parts = path.Split('.');
            var isUsed = templates.Contains($".Values.{path}", StringComparison.Ordinal)
                || (templates.Contains($".Values.{parts[0]}", StringComparison.Ordinal) && templates.Contains($".{parts[^1]}", StringComparison.Ordinal));
            Assert.True(isUsed, path);
        }
    }

    /// <summary>The values that have a comment: path, default in one line, comment.</summary>
    private static IEnumerable<(string Path, string Value, string Comment)> Values()
    {
        var lines = File.ReadAllLines(Path.Combine(HelmTool.Chart, "values.yaml"));
        var path = new List<string>();
        var comment = "";
        foreach (var (line, index) in lines.Select(static (line, index) => (line, index)))
        {
            var trimmed = line.TrimStart();
            var depth = (line.Length - trimmed.Length) / 2;
            if (trimmed.StartsWith('#') || trimmed.Length == 0)
            {
                var words = trimmed.StartsWith(Comment, StringComparison.Ordinal) ? trimmed[Comment.Length..] : trimmed.TrimStart('#').Trim();
                comment = trimmed.StartsWith(Comment, StringComparison.Ordinal) ? words : comment.Length > 0 ? $"{comment} {words}" : "";
                continue;
            }

            var colon = trimmed.IndexOf(':', StringComparison.Ordinal);
            if (comment.Length == 0 && colon == trimmed.Length - 1 && depth <= path.Count)
            {
                path.RemoveRange(depth, path.Count - depth);
                path.Add(trimmed[..colon]);
            }
            else if (comment.Length > 0)
            {
                path.RemoveRange(depth, path.Count - depth);
                yield return (string.Join('.', [.. path, trimmed[..colon]]), ValueAt(lines, index, colon, depth), comment.Trim());
                comment = "";
            }
        }
    }

    private static string ValueAt(string[] lines, int index, int colon, int depth)
    {
        var value = lines[index].TrimStart()[(colon + 1)..].Trim();
        var nested = lines.Skip(index + 1).TakeWhile(line => line.Length > 0 && !line.StartsWith(new string(' ', 2 * depth) + "#", StringComparison.Ordinal) && line.StartsWith(new string(' ', (2 * depth) + 2), StringComparison.Ordinal));
        return value == "|" ? "a store and locks" : value.Length > 0 ? value : $"{{{string.Join(", ", nested.Select(static line => line.Trim()))}}}";
    }

    private static IEnumerable<string> LeavesOf(JsonElement schema, string path) =>
        schema.TryGetProperty("properties", out var properties) && !path.EndsWith("resources", StringComparison.Ordinal)
            ? properties.EnumerateObject().SelectMany(property => LeavesOf(property.Value, path.Length == 0 ? property.Name : $"{path}.{property.Name}"))
            : [path];
}
