namespace Csmr.Mutation;

/// <summary>What was caught by what: rows of a table in Markdown, written under <c>artifacts/figures</c> when all are there.</summary>
public sealed class MutantTable
{
    private readonly SortedDictionary<string, string> _rows = new(StringComparer.Ordinal);

    /// <summary>Adds a row.</summary>
    /// <param name="name">The defect.</param>
    /// <param name="description">What is wrong.</param>
    /// <param name="caughtBy">What caught it; where a means has seeds, with the first one, and the invariant in brackets.</param>
    public void Add(string name, string description, string caughtBy)
    {
        lock (_rows)
        {
            _rows[name] = $"| {description} | {caughtBy} |";
        }
    }

    /// <summary>Writes the table, unless only some of the defects were tried.</summary>
    /// <param name="kind">The kind of defects: the file is <c>mutants-KIND.md</c>.</param>
    /// <param name="count">How many there are.</param>
    public void Write(string kind, int count)
    {
        if (_rows.Count < count)
        {
            return;
        }

        var folder = Directory.CreateDirectory(Path.Combine(MutantCompiler.Root(), "artifacts", "figures"));
        File.WriteAllLines(
            Path.Combine(folder.FullName, $"mutants-{kind}.md"),
            ["| defect | caught by |", "|---|---|", .. _rows.Values]);
    }
}
