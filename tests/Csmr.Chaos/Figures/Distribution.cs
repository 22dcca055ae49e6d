using System.Globalization;

namespace Csmr.Chaos.Figures;

/// <summary>Times that were measured, in milliseconds.</summary>
public sealed class Distribution
{
    private readonly List<double> _times = [];

    public int Count => _times.Count;

    public void Add(double milliseconds) => _times.Add(milliseconds);

    public void Add(IEnumerable<double> milliseconds) => _times.AddRange(milliseconds);

    /// <summary>The smallest time that so large a part of them does not exceed.</summary>
    public double Quantile(double part)
    {
        var sorted = _times.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(part * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    /// <summary>A row of a table: number, median, p90, p99, maximum.</summary>
    public string Row(string name) => string.Create(
        CultureInfo.InvariantCulture, $"| {name} | {Count} | {Quantile(0.5):F0} | {Quantile(0.9):F0} | {Quantile(0.99):F0} | {Quantile(1):F0} |");
}
