using System.Globalization;

namespace Csmr.Mutation;

/// <summary>One text of a source file that is put in another's place.</summary>
/// <param name="File">The source file, relative to the repository's root.</param>
/// <param name="Original">What stands there, exactly once.</param>
/// <param name="Replacement">What the mutant has instead.</param>
public sealed record MutantEdit(string File, string Original, string Replacement);

/// <summary>What must catch a mutant.</summary>
/// <param name="Means">The means: <c>walk</c>, <c>timed</c>, or a schedule by its name.</param>
/// <param name="SeedsMax">How many seeds it may take; 1 for a schedule.</param>
/// <param name="FirstSeed">The first seed: not 1 where a long search found the first one that catches it.</param>
public sealed record MutantCatch(string Means, int SeedsMax, long FirstSeed = 1);

/// <summary>
/// A defect kept as a small text file: what is wrong, which invariants that breaks, what must catch it, and the edits that
/// plant it into the product's sources (see the folders <c>Mutants</c> of the test projects).
/// </summary>
/// <param name="Name">The file's name, a sentence.</param>
/// <param name="Description">What is wrong, in a line.</param>
/// <param name="Breaks">The invariants under whose numbers it may be caught.</param>
/// <param name="Catches">What must catch it, each of them.</param>
/// <param name="Edits">How it is planted.</param>
public sealed record Mutant(
    string Name, string Description, IReadOnlyList<string> Breaks, IReadOnlyList<MutantCatch> Catches, IReadOnlyList<MutantEdit> Edits)
{
    private const string BreaksMark = "breaks: ";
    private const string CaughtMark = "caught by: ";

    /// <summary>Reads a mutant's file: the description, the two kinds of marked lines, then file names, each followed by its edits.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The mutant.</returns>
    /// <exception cref="MutantException">The file is no mutant.</exception>
    public static Mutant Read(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        var lines = File.ReadAllLines(path);
        var breaks = lines.Where(line => line.StartsWith(BreaksMark, StringComparison.Ordinal))
            .SelectMany(line => line[BreaksMark.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        var catches = lines.Where(line => line.StartsWith(CaughtMark, StringComparison.Ordinal))
            .Select(line => ReadCatch(line[CaughtMark.Length..])).ToArray();
        var edits = ReadEdits(name, lines);
        return breaks.Length > 0 && catches.Length > 0 && edits.Count > 0
            ? new Mutant(name, lines[0], breaks, catches, edits)
            : throw new MutantException($"mutant '{name}': a description, '{BreaksMark}', '{CaughtMark}' and at least one edit are needed");
    }

    // "walk 200" is a means with its bound, "walk 200 from 9000" one with its first seed too; anything else is the name of a schedule,
    // which has no seeds.
    private static MutantCatch ReadCatch(string text) => text.Split(' ') switch
    {
        [var means, var seeds] when int.TryParse(seeds, CultureInfo.InvariantCulture, out var max) => new MutantCatch(means, max),
        [var means, var seeds, "from", var first] => new MutantCatch(means, int.Parse(seeds, CultureInfo.InvariantCulture), long.Parse(first, CultureInfo.InvariantCulture)),
        _ => new MutantCatch(text, 1),
    };

    // Lines after '-' are the original, lines after '+' the replacement; an empty line or the next '-' ends an edit.
    private static List<MutantEdit> ReadEdits(string name, string[] lines)
    {
        var edits = new List<MutantEdit>();
        var original = new List<string>();
        var replacement = new List<string>();
        string? file = null;
        foreach (var line in lines)
        {
            if (line.StartsWith('-'))
            {
                if (replacement.Count > 0)
                {
                    Finish();
                }

                original.Add(Content(line));
            }
            else if (line.StartsWith('+'))
            {
                replacement.Add(Content(line));
            }
            else
            {
                Finish();
                file = line.EndsWith(".cs", StringComparison.Ordinal) && !line.Contains(' ') ? line : file;
            }
        }

        Finish();
        return edits;

        void Finish()
        {
            if (original.Count > 0)
            {
                edits.Add(new MutantEdit(
                    file ?? throw new MutantException($"mutant '{name}': an edit before any file is named"),
                    string.Join('\n', original),
                    string.Join('\n', replacement)));
            }

            original.Clear();
            replacement.Clear();
        }
    }

    private static string Content(string line) => line.Length < 2 ? "" : line[2..];
}

/// <summary>A mutant that cannot be planted: its file, or an edit of it, does not fit the sources any more.</summary>
public sealed class MutantException(string message) : Exception(message);
