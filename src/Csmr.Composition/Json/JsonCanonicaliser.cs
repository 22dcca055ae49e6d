using System.Text.Json;

namespace Csmr.Composition.Json;

/// <summary>What makes a well-formed JSON value unacceptable.</summary>
internal enum JsonFlaw
{
    None = 0,

    /// <summary>Nested deeper than <see cref="JsonCanonicaliser.DepthMax"/>.</summary>
    TooDeep = 1,

    /// <summary>An object has two members of one name.</summary>
    DuplicateMember = 2,

    /// <summary>A text has a surrogate without its partner.</summary>
    LoneSurrogate = 3,
}

/// <summary>
/// Copies values from a reader as canonical JSON text. Members keep their order; two of one name are refused. Canonical
/// text is never longer than its source, so the output is one buffer as long as the source.
/// </summary>
/// <param name="output">Takes the canonical text; as long as the source.</param>
internal sealed class JsonCanonicaliser(byte[] output)
{
    /// <summary>The deepest nesting, the enclosing object of arguments counted.</summary>
    public const int DepthMax = 32;

    private readonly MemberNames _names = new(output);
    private int _length;

    /// <summary>Copies the value that the reader stands on; the reader ends on the value's last token.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="canonical">The canonical text.</param>
    /// <returns>The flaw, if there is one.</returns>
    public JsonFlaw Read(ref Utf8JsonReader reader, out byte[] canonical)
    {
        canonical = [];
        _length = 0;
        _names.Clear();
        var level = 0;
        var isAfterValue = false;
        while (true)
        {
            if (isAfterValue && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
            {
                output[_length++] = (byte)',';
            }

            var flaw = Copy(ref reader);
            if (flaw != JsonFlaw.None)
            {
                return flaw;
            }

            isAfterValue = reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray or JsonTokenType.PropertyName);
            level += reader.TokenType switch
            {
                JsonTokenType.StartObject or JsonTokenType.StartArray => 1,
                JsonTokenType.EndObject or JsonTokenType.EndArray => -1,
                _ => 0,
            };
            if (level == 0)
            {
                canonical = output.AsSpan(0, _length).ToArray();
                return JsonFlaw.None;
            }

            reader.Read();
        }
    }

    private JsonFlaw Copy(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                _names.Enter();
                return Open(ref reader, (byte)'{');
            case JsonTokenType.StartArray:
                return Open(ref reader, (byte)'[');
            case JsonTokenType.EndObject:
                _names.Leave();
                output[_length++] = (byte)'}';
                return JsonFlaw.None;
            case JsonTokenType.EndArray:
                output[_length++] = (byte)']';
                return JsonFlaw.None;
            case JsonTokenType.PropertyName:
                return Name(ref reader);
            case JsonTokenType.String:
                return Text(ref reader);
            default:
                reader.ValueSpan.CopyTo(output.AsSpan(_length));
                _length += reader.ValueSpan.Length;
                return JsonFlaw.None;
        }
    }

    private JsonFlaw Open(ref Utf8JsonReader reader, byte bracket)
    {
        output[_length++] = bracket;
        return reader.CurrentDepth < DepthMax ? JsonFlaw.None : JsonFlaw.TooDeep;
    }

    private JsonFlaw Name(ref Utf8JsonReader reader)
    {
        var start = _length;
        if (Text(ref reader) != JsonFlaw.None)
        {
            return JsonFlaw.LoneSurrogate;
        }

        if (!_names.TryAdd(start, _length - start))
        {
            return JsonFlaw.DuplicateMember;
        }

        output[_length++] = (byte)':';
        return JsonFlaw.None;
    }

    private JsonFlaw Text(ref Utf8JsonReader reader)
    {
        output[_length++] = (byte)'"';
        var raw = reader.ValueSpan;
        if (!reader.ValueIsEscaped)
        {
            raw.CopyTo(output.AsSpan(_length));
            _length += raw.Length;
        }
        else if (JsonText.TryUnescape(raw, output.AsSpan(_length), isCanonical: true, out var written))
        {
            _length += written;
        }
        else
        {
            return JsonFlaw.LoneSurrogate;
        }

        output[_length++] = (byte)'"';
        return JsonFlaw.None;
    }

    /// <summary>The names of the members of the objects that are open, as slices of the canonical text.</summary>
    private sealed class MemberNames(byte[] text) : IEqualityComparer<(int Start, int Length)>
    {
        // Up to so many names a list is faster than a set; above, a set keeps hostile input linear.
        private const int ListedMax = 8;

        private readonly List<(int Start, int Length)> _names = [];
        private readonly Stack<(int First, HashSet<(int, int)>? Set)> _open = new();

        public void Clear()
        {
            _names.Clear();
            _open.Clear();
        }

        public void Enter() => _open.Push((_names.Count, null));

        public void Leave()
        {
            var first = _open.Pop().First;
            _names.RemoveRange(first, _names.Count - first);
        }

        public bool TryAdd(int start, int length)
        {
            var (first, set) = _open.Peek();
            if (set is not null)
            {
                return set.Add((start, length));
            }

            for (var i = first; i < _names.Count; i++)
            {
                if (Equals(_names[i], (start, length)))
                {
                    return false;
                }
            }

            _names.Add((start, length));
            if (_names.Count - first > ListedMax)
            {
                _open.Pop();
                _open.Push((first, new HashSet<(int, int)>(_names.Skip(first), this)));
            }

            return true;
        }

        public bool Equals((int Start, int Length) x, (int Start, int Length) y) =>
            text.AsSpan(x.Start, x.Length).SequenceEqual(text.AsSpan(y.Start, y.Length));

        public int GetHashCode((int Start, int Length) slice)
        {
            var hash = default(HashCode);
            hash.AddBytes(text.AsSpan(slice.Start, slice.Length));
            return hash.ToHashCode();
        }
    }
}
