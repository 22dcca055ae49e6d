using System.Globalization;
using System.Text.RegularExpressions;
using Csmr.Composition.Findings;

namespace Csmr.Composition.Yaml;

/// <summary>A node of a YAML text, with its place.</summary>
/// <param name="Position">Where it starts.</param>
public abstract record YamlNode(Position Position)
{
    /// <summary>What it is, for messages.</summary>
    public abstract string Kind { get; }
}

/// <summary>A list.</summary>
/// <param name="Position">Where it starts.</param>
/// <param name="Items">The items.</param>
public sealed record YamlList(Position Position, IReadOnlyList<YamlNode> Items) : YamlNode(Position)
{
    /// <inheritdoc/>
    public override string Kind => "a list";
}

/// <summary>A map whose keys are texts, each given once.</summary>
/// <param name="Position">Where it starts.</param>
/// <param name="Entries">The entries, in the order of the text.</param>
public sealed record YamlMap(Position Position, IReadOnlyList<YamlEntry> Entries) : YamlNode(Position)
{
    /// <inheritdoc/>
    public override string Kind => "a map";
}

/// <summary>One entry of a map.</summary>
/// <param name="Key">The key.</param>
/// <param name="KeyPosition">Where the key is.</param>
/// <param name="Value">The value.</param>
public sealed record YamlEntry(string Key, Position KeyPosition, YamlNode Value);

/// <summary>A single value. Plain ones are null, bool, integer or number by the rules of YAML 1.2, else text; quoted ones are text.</summary>
/// <param name="Position">Where it starts.</param>
/// <param name="Text">The text, without quotes.</param>
/// <param name="IsPlain">Whether it is without quotes.</param>
public sealed partial record YamlScalar(Position Position, string Text, bool IsPlain) : YamlNode(Position)
{
    /// <summary>Whether it is null: nothing at all, <c>~</c> or <c>null</c>.</summary>
    public bool IsNull => IsPlain && (Text is "" or "~" or "null" or "Null" or "NULL");

    /// <summary>Whether it is a text.</summary>
    public bool IsText => !IsNull && Bool is null && !IsNumber;

    /// <summary>The truth value; null where it is none.</summary>
    public bool? Bool => !IsPlain ? null : Text switch
    {
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        _ => null,
    };

    /// <summary>The integer; null where it is none, or none of 64 bits.</summary>
    public long? Integer => IsPlain && IntegerPattern().IsMatch(Text)
        && long.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Whether it is a number, whole or not, as JSON writes numbers.</summary>
    public bool IsNumber => IsPlain && NumberPattern().IsMatch(Text);

    /// <inheritdoc/>
    public override string Kind => this switch
    {
        { IsNull: true } => "null",
        { Bool: not null } => "a bool",
        { Integer: not null } => "an integer",
        { IsNumber: true } => "a number",
        _ => "a text",
    };

    [GeneratedRegex("^[-+]?[0-9]+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IntegerPattern();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NumberPattern();
}
