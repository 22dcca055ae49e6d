using System.Buffers;
using System.Globalization;
using Csmr.Gateway.Problems;
using Microsoft.Extensions.Primitives;

namespace Csmr.Gateway.Invocations;

/// <summary>Reads single headers and keeps the first problem met.</summary>
internal ref struct HeaderReader(IHeaderDictionary headers)
{
    /// <summary>The most characters of an idempotency key.</summary>
    public const int KeyLengthMax = 255;

    private static readonly SearchValues<char> VisibleAscii =
        SearchValues.Create([.. Enumerable.Range('!', '~' - '!' + 1).Select(static code => (char)code)]);

    /// <summary>The first problem met; null where there is none.</summary>
    public Problem? Problem { get; private set; }

    /// <summary>An idempotency key: visible ASCII, in the quotes of a structured-field string or without.</summary>
    public string? Key(string name)
    {
        if (!TrySingle(name, out var text))
        {
            return null;
        }

        var key = text.Length >= 2 && text[0] == '"' && text[^1] == '"' ? Unquote(text) : text;
        if (key is null || key.Length is 0 or > KeyLengthMax || key.AsSpan().ContainsAnyExcept(VisibleAscii))
        {
            Fail(name, $"{name} must be 1 to {KeyLengthMax} visible ASCII characters, in quotes or without.");
            return null;
        }

        return key;
    }

    /// <summary>A session: 32 hexadecimal digits, not all 0.</summary>
    public string? Session(string name)
    {
        if (!TrySingle(name, out var text))
        {
            return null;
        }

        if (!SessionId.TryParse(text, out var session) || session.IsNone)
        {
            Fail(name, $"{name} must be 32 hexadecimal digits, not all of them 0.");
            return null;
        }

        return session.ToString();
    }

    /// <summary>An integer from 1; 0 where the header is not there.</summary>
    public long Number(string name, long maximum)
    {
        if (!TrySingle(name, out var text))
        {
            return 0;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1 || number > maximum)
        {
            Fail(name, $"{name} must be an integer from 1 to {maximum}.");
            return 0;
        }

        return number;
    }

    /// <summary>A bool; false where it is not given.</summary>
    public bool Truth(string name, StringValues values)
    {
        var isTrue = string.Equals(values, "true", StringComparison.OrdinalIgnoreCase);
        if (!isTrue && values.Count > 0 && !string.Equals(values, "false", StringComparison.OrdinalIgnoreCase))
        {
            Fail(name, $"{name} must be given once, as true or false.");
        }

        return isTrue;
    }

    /// <summary>Notes a problem, unless there is one already.</summary>
    public void Fail(string header, string detail) =>
        Problem ??= new Problem(ProblemTypes.InvalidRequest, detail) { Argument = header };

    private bool TrySingle(string name, out string text)
    {
        text = "";
        if (!headers.TryGetValue(name, out StringValues values) || values.Count == 0)
        {
            return false;
        }

        if (values.Count > 1)
        {
            Fail(name, $"{name} must be given once.");
            return false;
        }

        text = values[0] ?? "";
        return true;
    }

    // RFC 9651, 3.3.3: a backslash escapes a quote or a backslash and nothing else.
    private static string? Unquote(string text)
    {
        var inside = text.AsSpan(1, text.Length - 2);
        if (!inside.ContainsAny('\\', '"'))
        {
            return inside.ToString();
        }

        var output = new char[inside.Length];
        var length = 0;
        for (var i = 0; i < inside.Length; i++)
        {
            if (inside[i] == '"' || (inside[i] == '\\' && (++i == inside.Length || inside[i] is not ('"' or '\\'))))
            {
                return null;
            }

            output[length++] = inside[i];
        }

        return new string(output, 0, length);
    }
}
