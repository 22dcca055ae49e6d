namespace Csmr.Composition.Findings;

/// <summary>Collects findings. Each thing is reported once at one place.</summary>
public sealed class FindingList
{
    // Nobody reads more, and a hostile text must not cost more.
    private const int FindingsMax = 1000;

    private readonly HashSet<Finding> _findings = [];

    /// <summary>Whether there is an error among them.</summary>
    public bool HasError { get; private set; }

    /// <summary>Whether there are so many that no more are taken.</summary>
    public bool IsFull => _findings.Count >= FindingsMax;

    /// <summary>Adds one.</summary>
    /// <param name="code">What kind it is.</param>
    /// <param name="position">Where it is.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="remedy">What to do.</param>
    public void Add(FindingCode code, Position position, string message, string remedy = "")
    {
        if (!IsFull)
        {
            _findings.Add(new Finding(position, code, message, remedy));
        }

        HasError |= code.Severity == Severity.Error;
    }

    /// <summary>All findings, the root file's first, by position.</summary>
    /// <param name="rootFile">The root file.</param>
    /// <returns>The findings.</returns>
    public IReadOnlyList<Finding> Sorted(string rootFile) =>
    [
        .. _findings
            .OrderBy(finding => finding.Position.File != rootFile)
            .ThenBy(static finding => finding.Position)
            .ThenBy(static finding => finding.Code.Id, StringComparer.Ordinal)
            .ThenBy(static finding => finding.Message, StringComparer.Ordinal),
    ];
}
