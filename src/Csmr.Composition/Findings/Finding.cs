using System.Globalization;

namespace Csmr.Composition.Findings;

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    /// <summary>Worth a look; the manifest can be used.</summary>
    Warning = 0,

    /// <summary>The manifest cannot be used.</summary>
    Error = 1,
}

/// <summary>A place in a manifest.</summary>
/// <param name="File">The file, as it was named.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column, from 1.</param>
public readonly record struct Position(string File, int Line, int Column) : IComparable<Position>
{
    /// <inheritdoc/>
    public int CompareTo(Position other)
    {
        var byFile = string.CompareOrdinal(File, other.File);
        var byLine = byFile != 0 ? byFile : Line.CompareTo(other.Line);
        return byLine != 0 ? byLine : Column.CompareTo(other.Column);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}");
}

/// <summary>Something in a manifest that is wrong or worth a look.</summary>
/// <param name="Position">Where.</param>
/// <param name="Code">The stable code and what it stands for.</param>
/// <param name="Message">What is wrong, in one sentence.</param>
/// <param name="Remedy">What to do; may be empty where the message says it already.</param>
public sealed record Finding(Position Position, FindingCode Code, string Message, string Remedy = "")
{
    /// <summary>How bad it is.</summary>
    public Severity Severity => Code.Severity;

    /// <summary>One line, as compilers print it.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{Position} {(Severity == Severity.Error ? "error" : "warning")} {Code.Id}: {Message}{(Remedy.Length > 0 ? $"; {Remedy}" : "")}";
}

/// <summary>A kind of finding.</summary>
/// <param name="Id">The stable code, such as <c>CSMR1003</c>.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Title">What is wrong, in a few words, for the table of the documentation.</param>
public sealed record FindingCode(string Id, Severity Severity, string Title);
