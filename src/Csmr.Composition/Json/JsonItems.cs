using System.Text.Json;

namespace Csmr.Composition.Json;

/// <summary>Reads the items of a list.</summary>
internal static class JsonItems
{
    /// <summary>The number of items.</summary>
    /// <param name="list">The list: canonical JSON text, or null.</param>
    /// <returns>The number; 0 where it is no list.</returns>
    public static int Count(Value list) => Read(list, static _ => false).Count;

    /// <summary>One item.</summary>
    /// <param name="list">The list: canonical JSON text, or null.</param>
    /// <param name="index">Its position from 0.</param>
    /// <param name="type">The type of the items.</param>
    /// <returns>The item; null where there is none, or none of this type.</returns>
    public static Value Item(Value list, int index, ValueType type)
    {
        var items = Read(list, position => position == index);
        return index < items.Count ? Of(items[index], type) : Value.Null;
    }

    /// <summary>All items.</summary>
    /// <param name="list">The list: canonical JSON text, or null.</param>
    /// <param name="type">The type of the items.</param>
    /// <returns>The items; null for each that is not of this type.</returns>
    public static Value[] All(Value list, ValueType type) => [.. Read(list, static _ => true).Select(text => Of(text, type))];

    private static Value Of(byte[] text, ValueType type) => JsonMember.Read([.. "{\"item\":"u8, .. text, .. "}"u8], "item", type);

    /// <summary>The texts of the items that are wanted; empty ones for the others.</summary>
    private static List<byte[]> Read(Value list, Func<int, bool> isWanted)
    {
        var items = new List<byte[]>();
        if (list.Kind != ValueKind.Json)
        {
            return items;
        }

        var text = list.AsJson();
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = JsonCanonicaliser.DepthMax });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return items;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            items.Add(isWanted(items.Count) ? text[start..(int)reader.BytesConsumed] : []);
        }

        return items;
    }
}
