namespace Csmr;

/// <summary>A text as the key of an <see cref="OrderedMap{TKey, TValue}"/>: compared by its UTF-16 code units, as keys are everywhere.</summary>
/// <param name="Text">The text.</param>
public readonly record struct OrdinalKey(string Text) : IComparable<OrdinalKey>
{
    /// <summary>A text as a key.</summary>
    /// <param name="text">The text.</param>
    public static implicit operator OrdinalKey(string text) => new(text);

    /// <inheritdoc/>
    public int CompareTo(OrdinalKey other) => string.CompareOrdinal(Text, other.Text);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
