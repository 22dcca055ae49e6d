namespace Csmr.Composition.Findings;

/// <summary>Finds the name that somebody most likely meant.</summary>
public static class Suggestion
{
    private const int NameLengthMax = 64;
    private const int ListedMax = 12;

    /// <summary>The nearest of the known names.</summary>
    /// <param name="name">The misspelt name.</param>
    /// <param name="known">The known names.</param>
    /// <returns>The nearest one; null where none is near, or several are equally near.</returns>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        if (name.Length > NameLengthMax)
        {
            return null;
        }

        var limit = Math.Max(1, name.Length / 3);
        var nearest = known
            .Where(static candidate => candidate.Length <= NameLengthMax)
            .Select(candidate => (candidate, distance: Distance(name, candidate)))
            .Where(pair => pair.distance <= limit)
            .GroupBy(static pair => pair.distance)
            .MinBy(static group => group.Key);
        return nearest?.Count() == 1 ? nearest.First().candidate : null;
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

    /// <summary>How many letters are wrong, missing, too many or exchanged with their neighbour.</summary>
    private static int Distance(string left, string right)
    {
        var table = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
        {
            for (var j = 0; j <= right.Length; j++)
            {
                table[i, j] = i == 0 || j == 0 ? i + j : Math.Min(
                    Math.Min(table[i - 1, j], table[i, j - 1]) + 1,
                    table[i - 1, j - 1] + (IsSame(i, j) ? 0 : 1));
                if (i > 1 && j > 1 && IsSame(i, j - 1) && IsSame(i - 1, j))
                {
                    table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
                }
            }
        }

        return table[left.Length, right.Length];

        bool IsSame(int i, int j) => char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]);
    }
}
