using System.Globalization;
using System.Text;

namespace Csmr.Load.Compare;

/// <summary>Throughput against latency: a line for each system, a point for each number of clients.</summary>
/// <param name="File">Its file's name.</param>
/// <param name="Title">Its title.</param>
/// <param name="Cells">What it shows.</param>
public sealed record Plot(string File, string Title, IReadOnlyList<Cell> Cells)
{
    private const int Width = 860;
    private const int Height = 480;
    private const int Left = 70;
    private const int Right = 250;
    private const int Top = 40;
    private const int Bottom = 55;

    // Told apart also by those who do not see all colours.
    private static readonly string[] Colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777"];

    private readonly double _perSecondMax = 1.05 * Points(Cells).Max(static point => point.PerSecond);
    private readonly double _low = Math.Floor(Math.Log10(Points(Cells).Min(static point => point.P50Ms)));
    private readonly double _high = Math.Ceiling(Math.Log10(Points(Cells).Max(static point => point.P99Ms)));

    /// <summary>The plots of results: one for each section and load that was measured with several numbers of clients.</summary>
    /// <param name="results">The results.</param>
    /// <returns>The plots.</returns>
    public static IEnumerable<Plot> Of(Results results)
    {
        ArgumentNullException.ThrowIfNull(results);
        return results.Cells.GroupBy(static cell => (cell.Section, cell.Load)).Where(static group => group.Count() > 1).Select(static group =>
            new Plot($"{group.Key.Section}-{group.Key.Load}.svg", $"{group.Key.Section}: {group.Key.Load}", [.. group.OrderBy(static cell => cell.Clients)]));
    }

    /// <summary>Draws it.</summary>
    /// <returns>The picture, as SVG.</returns>
    public string Svg()
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12">
            <rect width="{Width}" height="{Height}" fill="white"/>
            <text x="{Left}" y="22" font-size="15">{Title}: throughput and latency with {string.Join(", ", Cells.Select(static cell => cell.Clients))} clients (line: median, dashes: p99)</text>

            """);
        Axes(svg);
        var names = Cells.SelectMany(static cell => cell.Sides).Select(static side => side.Name).Distinct(StringComparer.Ordinal).ToList();
        for (var i = 0; i < names.Count; i++)
        {
            Curve(svg, names[i], Colours[i % Colours.Length], Top + 10 + (i * 20));
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static IEnumerable<(double PerSecond, double P50Ms, double P99Ms)> Points(IEnumerable<Cell> cells) =>
        cells.SelectMany(static cell => cell.Sides).Select(PointOf);

    private static (double PerSecond, double P50Ms, double P99Ms) PointOf(SideResult side) =>
        (side.Median(static sample => sample.PerSecond), side.Median(static sample => sample.P50Ms), side.Median(static sample => sample.P99Ms));

    private double X(double perSecond) => Left + (perSecond / _perSecondMax * (Width - Left - Right));

    private double Y(double milliseconds) => Height - Bottom - ((Math.Log10(milliseconds) - _low) / (_high - _low) * (Height - Top - Bottom));

    private void Axes(StringBuilder svg)
    {
        for (var power = _low; power <= _high; power++)
        {
            var y = Y(Math.Pow(10, power));
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<line x1="{Left}" y1="{y:F1}" x2="{Width - Right}" y2="{y:F1}" stroke="#ddd"/><text x="{Left - 8}" y="{y + 4:F1}" text-anchor="end">{Math.Pow(10, power):0.###} ms</text>""");
        }

        var step = Math.Pow(10, Math.Floor(Math.Log10(_perSecondMax)));
        step = _perSecondMax / step > 5 ? step * 2 : _perSecondMax / step > 2 ? step : step / 2;
        for (var at = 0.0; at <= _perSecondMax; at += step)
        {
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<line x1="{X(at):F1}" y1="{Top}" x2="{X(at):F1}" y2="{Height - Bottom}" stroke="#eee"/><text x="{X(at):F1}" y="{Height - Bottom + 18}" text-anchor="middle">{at:N0}</text>""");
        }

        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{(Left + Width - Right) / 2}" y="{Height - 12}" text-anchor="middle">operations per second</text>""");
    }

    private void Curve(StringBuilder svg, string name, string colour, int legend)
    {
        var points = Cells.Where(cell => cell.Find(name) is not null).Select(cell => (cell.Clients, Point: PointOf(cell.Find(name)!))).ToList();
        string Line(Func<(double PerSecond, double P50Ms, double P99Ms), double> y) =>
            string.Join(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.Point.PerSecond):F1},{Y(y(point.Point)):F1}")));
        svg.AppendLine($"""<polyline points="{Line(static point => point.P99Ms)}" fill="none" stroke="{colour}" stroke-dasharray="3 4"/>""");
        svg.AppendLine($"""<polyline points="{Line(static point => point.P50Ms)}" fill="none" stroke="{colour}" stroke-width="2"/>""");
        foreach (var (clients, point) in points)
        {
            var (x, y) = (X(point.PerSecond), Y(point.P50Ms));
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<circle cx="{x:F1}" cy="{y:F1}" r="4" fill="{colour}"/><text x="{x + 6:F1}" y="{y - 6:F1}" fill="{colour}" font-size="10">{clients}</text>""");
        }

        svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect x="{Width - Right + 20}" y="{legend - 9}" width="12" height="12" fill="{colour}"/><text x="{Width - Right + 38}" y="{legend + 1}">{name}</text>""");
    }
}
