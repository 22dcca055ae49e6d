namespace Csmr.Chaos.Checks;

/// <summary>What was checked and what was found.</summary>
public sealed class CheckReport
{
    private const int ViolationsMax = 50;

    private readonly List<string> _checks = [];
    private readonly List<string> _violations = [];
    private int _further;

    /// <summary>What was checked, with numbers.</summary>
    public IReadOnlyList<string> Checks => _checks;

    /// <summary>What broke a promise.</summary>
    public IReadOnlyList<string> Violations => _further == 0 ? _violations : [.. _violations, $"and {_further} more"];

    public bool IsGood => _violations.Count == 0;

    public void Checked(string what) => _checks.Add(what);

    public void Violated(string what)
    {
        if (_violations.Count < ViolationsMax)
        {
            _violations.Add(what);
        }
        else
        {
            _further++;
        }
    }

    /// <summary>Notes a violation unless something holds.</summary>
    public void Require(bool holds, Func<string> otherwise)
    {
        ArgumentNullException.ThrowIfNull(otherwise);
        if (!holds)
        {
            Violated(otherwise());
        }
    }
}
