using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Csmr.Composition.Json;

/// <summary>
/// Turns a JSON object of named arguments into values, strictly: what is not declared, given twice, mistyped or out of its
/// bounds is refused. It reads the text once and builds no document.
/// </summary>
public static class ArgumentBinder
{
    // Deeper nesting is found by the canonicaliser, which can say so; the reader's own limit is only beyond it.
    private static readonly JsonReaderOptions Options = new() { MaxDepth = JsonCanonicaliser.DepthMax + 8 };

    /// <summary>Binds arguments.</summary>
    /// <param name="parameters">The declared parameters.</param>
    /// <param name="utf8Json">The JSON object; an empty text stands for no arguments.</param>
    /// <param name="arguments">One value for each parameter, in order.</param>
    /// <param name="problem">The first problem.</param>
    /// <returns>Whether there is no problem.</returns>
    public static bool TryBind(
        IReadOnlyList<ParameterDefinition> parameters,
        ReadOnlySpan<byte> utf8Json,
        [NotNullWhen(true)] out Value[]? arguments,
        [NotNullWhen(false)] out ArgumentProblem? problem)
    {
        if (!Utf8.IsValid(utf8Json))
        {
            arguments = null;
            problem = new ArgumentProblem(ArgumentCodes.NotJson, null, "the arguments are not UTF-8 text");
            return false;
        }

        var binding = new Binding(parameters);
        try
        {
            problem = (utf8Json.IsEmpty ? null : binding.Read(utf8Json)) ?? binding.FindMissing();
        }
        catch (JsonException flaw)
        {
            problem = new ArgumentProblem(
                ArgumentCodes.NotJson,
                null,
                $"the arguments are not JSON: line {flaw.LineNumber + 1}, byte {flaw.BytePositionInLine + 1}");
        }
        finally
        {
            binding.Release();
        }

        arguments = problem is null ? binding.Values : null;
        return problem is null;
    }

    private ref struct Binding(IReadOnlyList<ParameterDefinition> parameters)
    {
        private readonly bool[] _given = new bool[parameters.Count];
        private byte[]? _buffer;
        private JsonCanonicaliser? _canonicaliser;

        public Value[] Values { get; } = new Value[parameters.Count];

        public ArgumentProblem? Read(ReadOnlySpan<byte> utf8Json)
        {
            var reader = new Utf8JsonReader(utf8Json, Options);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                return new ArgumentProblem(ArgumentCodes.NotAnObject, null, "the arguments must be a JSON object of named arguments");
            }

            var next = 0;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var index = Find(ref reader, next);
                if (index < 0)
                {
                    return Unknown(ref reader);
                }

                var parameter = parameters[index];
                if (_given[index])
                {
                    return new ArgumentProblem(ArgumentCodes.Duplicate, parameter.Name, $"argument '{parameter.Name}' is given twice");
                }

                _given[index] = true;
                next = index + 1;
                reader.Read();
                if (Bind(ref reader, parameter, utf8Json.Length, out Values[index]) is { } problem)
                {
                    return problem;
                }
            }

            reader.Read(); // Throws where anything follows the object.
            return null;
        }

        public readonly ArgumentProblem? FindMissing()
        {
            for (var i = 0; i < parameters.Count; i++)
            {
                if (!_given[i] && !parameters[i].IsOptional)
                {
                    return ArgumentBounds.Find(parameters[i], Value.Null);
                }
            }

            return null;
        }

        public readonly void Release()
        {
            if (_buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
            }
        }

        /// <summary>The position of the named parameter. Callers mostly keep the declared order, so the search starts there.</summary>
        private readonly int Find(ref Utf8JsonReader reader, int next)
        {
            var name = reader.ValueIsEscaped ? TextOf(ref reader) : null;
            for (var i = 0; i < parameters.Count; i++)
            {
                var index = (next + i) % parameters.Count;
                var candidate = parameters[index].Name;
                if (reader.ValueIsEscaped ? candidate == name : reader.ValueTextEquals(candidate))
                {
                    return index;
                }
            }

            return -1;
        }

        private readonly ArgumentProblem Unknown(ref Utf8JsonReader reader)
        {
            var name = TextOf(ref reader) ?? "\ufffd";
            name = name.Length <= 64 ? name : $"{name[..64]}…";
            var known = parameters.Count > 0
                ? $"the arguments are {string.Join(", ", parameters.Select(static parameter => parameter.Name))}"
                : "the operation has no arguments";
            return new ArgumentProblem(ArgumentCodes.Unknown, name, $"there is no argument '{name}'; {known}");
        }

        private ArgumentProblem? Bind(ref Utf8JsonReader reader, ParameterDefinition parameter, int bytesMax, out Value value)
        {
            value = default;
            if (reader.TokenType == JsonTokenType.Null)
            {
                return parameter.IsOptional ? null : WrongType(parameter, JsonTokenType.Null);
            }

            var type = parameter.Type;
            var problem = (type.Carrier, reader.TokenType) switch
            {
                (ValueKind.Json, _) => BindJson(ref reader, parameter, bytesMax, out value),
                (ValueKind.String, JsonTokenType.String) => BindText(ref reader, parameter, out value),
                (ValueKind.Long, JsonTokenType.Number) => BindLong(ref reader, parameter, out value),
                (ValueKind.Bool, JsonTokenType.True or JsonTokenType.False) => BindBool(ref reader, out value),
                _ => WrongType(parameter, reader.TokenType),
            };
            return problem ?? ArgumentBounds.Find(parameter, value);
        }

        private ArgumentProblem? BindJson(ref Utf8JsonReader reader, ParameterDefinition parameter, int bytesMax, out Value value)
        {
            _buffer ??= ArrayPool<byte>.Shared.Rent(bytesMax);
            _canonicaliser ??= new JsonCanonicaliser(_buffer);
            var flaw = _canonicaliser.Read(ref reader, out var canonical);
            value = Value.OfJson(canonical);
            return flaw switch
            {
                JsonFlaw.None => JsonShape.Find(parameter.Type, canonical) is { } mismatch
                    ? new ArgumentProblem(ArgumentCodes.WrongType, parameter.Name, $"argument '{parameter.Name}' {mismatch}")
                    : null,
                JsonFlaw.TooDeep => new ArgumentProblem(
                    ArgumentCodes.TooDeep,
                    parameter.Name,
                    $"argument '{parameter.Name}' is nested deeper than {JsonCanonicaliser.DepthMax} levels"),
                JsonFlaw.DuplicateMember => new ArgumentProblem(
                    ArgumentCodes.Duplicate,
                    parameter.Name,
                    $"argument '{parameter.Name}' holds an object with two members of one name"),
                _ => InvalidText(parameter),
            };
        }

        private static ArgumentProblem? BindText(ref Utf8JsonReader reader, ParameterDefinition parameter, out Value value)
        {
            var text = TextOf(ref reader);
            value = Value.Of(text);
            return text is null ? InvalidText(parameter) : null;
        }

        private static ArgumentProblem? BindLong(ref Utf8JsonReader reader, ParameterDefinition parameter, out Value value)
        {
            var isLong = reader.TryGetInt64(out var number);
            value = Value.Of(number);
            if (isLong)
            {
                return null;
            }

            var expected = ArgumentBounds.Describe(parameter.Minimum, parameter.Maximum);
            return reader.ValueSpan.IndexOfAny(".eE"u8) >= 0
                ? new ArgumentProblem(ArgumentCodes.WrongType, parameter.Name, $"argument '{parameter.Name}' must be {expected}, without fraction or exponent")
                : new ArgumentProblem(ArgumentCodes.OutOfBounds, parameter.Name, $"argument '{parameter.Name}' must be {expected}");
        }

        private static ArgumentProblem? BindBool(ref Utf8JsonReader reader, out Value value)
        {
            value = Value.Of(reader.TokenType == JsonTokenType.True);
            return null;
        }

        private static ArgumentProblem WrongType(ParameterDefinition parameter, JsonTokenType given)
        {
            var found = given switch
            {
                JsonTokenType.StartObject => "an object",
                JsonTokenType.StartArray => "a list",
                JsonTokenType.String => "a string",
                JsonTokenType.Number => "a number",
                JsonTokenType.Null => "null",
                _ => "a bool",
            };
            return new ArgumentProblem(ArgumentCodes.WrongType, parameter.Name, $"argument '{parameter.Name}' is {found}, but must be a {parameter.Type}");
        }

        private static ArgumentProblem InvalidText(ParameterDefinition parameter) => new(
            ArgumentCodes.InvalidText,
            parameter.Name,
            $"argument '{parameter.Name}' holds a surrogate without its partner (\\ud800 to \\udfff)");

        /// <summary>The text that the reader stands on; null where it has a lone surrogate.</summary>
        private static string? TextOf(ref Utf8JsonReader reader)
        {
            var raw = reader.ValueSpan;
            if (!reader.ValueIsEscaped)
            {
                return Encoding.UTF8.GetString(raw);
            }

            var rented = ArrayPool<byte>.Shared.Rent(raw.Length);
            var text = JsonText.TryUnescape(raw, rented, isCanonical: false, out var written)
                ? Encoding.UTF8.GetString(rented.AsSpan(0, written))
                : null;
            ArrayPool<byte>.Shared.Return(rented);
            return text;
        }
    }
}
