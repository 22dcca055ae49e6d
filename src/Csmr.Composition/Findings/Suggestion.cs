namespace Csmr.Composition.Findings;

/// <summary>Finds the name that somebody most likely meant.</summary>
public static class Suggestion
{
    private const int NameLengthMax = 64;
    private const int ListedMax = 12;

    /// <summary>The nearest of the known names.</summary>
    /// <param name="name">The misspelt name.</param>
    /// <param name="known">The known names.</param>
    /// <returns>The nearest one, or null where none is near.</returns>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        if (name.Length > NameLengthMax)
        {
            return null;
        }

        var limit = Math.Max(1, name.Length / 3);
        return known
            .Where(static candidate => candidate.Length <= NameLengthMax)
            .Select(candidate => (candidate, distance: Distance(name, candidate)))
            .Where(pair => pair.distance <= limit)
            .OrderBy(static pair => pair.distance)
            .ThenBy(static pair => pair.candidate, StringComparer.Ordinal)
            .Select(static pair => pair.candidate)
            .FirstOrDefault();
    }

    /// <summary>A remedy for a misspelt name: the nearest one, else what there is.</summary>
    /// <param name="name">The misspelt name.</param>
    /// <param name="subject">What has the known names: <c>it has</c>, <c>there are</c>.</param>
    /// <param name="known">The known names.</param>
    /// <returns>The remedy.</returns>
    public static string Among(string name, string subject, IEnumerable<string> known)
    {
        var names = known.Distinct().Order(StringComparer.Ordinal).ToArray();
        if (names.Length == 0)
        {
            return $"{subject} none";
        }

        var nearest = Nearest(name, names);
        var listed = string.Join(", ", names.Take(ListedMax)) + (names.Length > ListedMax ? ", …" : "");
        return nearest is null ? $"{subject} {listed}" : $"did you mean '{nearest}'? {subject} {listed}";
    }

    /// <summary>A name as it is shown in messages: short enough, on one line.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The text.</returns>
    public static string Shown(string name)
    {
        var flat = string.Concat(name.Select(static character => char.IsControl(character) || char.IsSurrogate(character) ? '\ufffd' : character));
        return flat.Length <= NameLengthMax ? flat : $"{flat[..NameLengthMax]}…";
    }

    private static int Distance(string left, string right)
    {
        var row = new int[right.Length + 1];
        for (var j = 0; j < row.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = diagonal + (char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[right.Length];
    }
}
