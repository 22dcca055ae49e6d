using System.Text;

namespace Csmr.Load.Compare;

/// <summary>The keys and values of every load, the same for all systems.</summary>
public static class Data
{
    /// <summary>How many keys there are.</summary>
    public const int KeyCount = 10_000;

    /// <summary>How many different values are written.</summary>
    public const int ValueCount = 1_024;

    /// <summary>The size of a value.</summary>
    public const int ValueBytes = 100;

    /// <summary>The keys.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. Enumerable.Range(0, KeyCount).Select(static number => $"key-{number:d7}")];

    /// <summary>The values: what looks like text and does not compress to nothing.</summary>
    public static IReadOnlyList<string> Values { get; } = [.. Enumerable.Range(0, ValueCount).Select(Value)];

    /// <summary>Texts in UTF-8.</summary>
    /// <param name="texts">The texts.</param>
    /// <returns>Their bytes.</returns>
    public static IReadOnlyList<byte[]> Utf8(IReadOnlyList<string> texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    /// <summary>Texts in the base64 of their UTF-8, itself as bytes.</summary>
    /// <param name="texts">The texts.</param>
    /// <returns>Their bytes.</returns>
    public static IReadOnlyList<byte[]> Base64(IReadOnlyList<string> texts) =>
        [.. texts.Select(static text => Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(text))))];

    private static string Value(int number) => string.Create(
        ValueBytes, new Random(number), static (text, random) => random.GetItems("abcdefghijklmnopqrstuvwxyz0123456789", text));
}
