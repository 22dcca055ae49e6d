using System.Text;

namespace Csmr.TestKit.Machines;

/// <summary>
/// Draws calls of a machine from its definition alone. Keys and values come from small sets, so that calls meet each other;
/// numbers are small, at their bounds, or seen in an earlier answer (a version, a token, an index). The same seed gives the
/// same calls, given the same answers.
/// </summary>
/// <param name="machine">The machine's definition.</param>
/// <param name="seed">The seed.</param>
public sealed class InvocationGenerator(MachineDefinition machine, int seed)
{
    private const int SeenMax = 8;

    private static readonly string[] Texts = ["a", "b", "ba", "c", "key-with-a-longer-name", "ключ", "\ud83d\udd11"];

    private static readonly string[] Jsons =
    [
        "1", "2", "true", "\"text\"", "\"\"", "[]", "{}", """{"a":1,"b":[null,"x"]}""", """{"b":[null,"x"],"a":1}""", "-0.5e10", "\"\\u0000\"",
    ];

    private static readonly SessionId[] Sessions = [SessionId.None, new(1, 1), new(0, 2)];

    private readonly Random _random = new(seed);
    private readonly List<long> _seen = [];
    private long _slot;
    private long _timeMs = 1_700_000_000_000;

    /// <summary>The keys that are drawn from.</summary>
    public static IReadOnlyList<string> Keys => Texts;

    /// <summary>Draws a call of any operation.</summary>
    /// <returns>The call.</returns>
    public Invocation Next() => Next(machine.Operations[_random.Next(machine.Operations.Count)]);

    /// <summary>Draws a call of an operation.</summary>
    /// <param name="operation">The operation.</param>
    /// <returns>The call.</returns>
    public Invocation Next(OperationDefinition operation) => new(operation, [.. operation.Parameters.Select(Argument)]);

    /// <summary>Draws a call whose arguments are of the right kinds but out of all bounds.</summary>
    /// <returns>The call.</returns>
    public Invocation NextUnbounded()
    {
        var invocation = Next();
        var arguments = invocation.Arguments.ToArray();
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = (arguments[i].Kind, _random.Next(2)) switch
            {
                (ValueKind.Long, 0) => Value.Of(Pick([long.MinValue, -1, 0, long.MaxValue - 1, long.MaxValue, _random.NextInt64()])),
                (ValueKind.String, 0) => Value.Of(Pick(["", "\uffff", "\0", "\ud800", new string('x', 5000)])),
                _ => arguments[i],
            };
        }

        return new Invocation(invocation.Operation, arguments);
    }

    /// <summary>Draws the entry of a call: the next slot, a little later, by any of a few callers.</summary>
    /// <returns>The entry.</returns>
    public ApplyContext NextContext()
    {
        _timeMs += _random.Next(4) * 500;
        return new ApplyContext(new Slot(++_slot), _timeMs, Pick(Sessions));
    }

    /// <summary>Remembers the numbers of an answer, to draw them as arguments.</summary>
    /// <param name="outcome">The answer.</param>
    public void See(Outcome outcome)
    {
        foreach (var field in outcome.Fields)
        {
            if (field.Kind == ValueKind.Long)
            {
                _seen.Add(field.AsLong());
            }
        }

        _seen.RemoveRange(0, Math.Max(_seen.Count - SeenMax, 0));
    }

    /// <summary>Draws a whole number.</summary>
    /// <param name="bound">It is below this.</param>
    /// <returns>A number from 0.</returns>
    public int Below(int bound) => _random.Next(bound);

    /// <summary>Draws bytes.</summary>
    /// <param name="count">How many.</param>
    /// <returns>The bytes.</returns>
    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private Value Argument(ParameterDefinition parameter)
    {
        if (parameter.IsOptional && _random.Next(2) == 0)
        {
            return Value.Null;
        }

        return parameter.Type.Carrier switch
        {
            ValueKind.Bool => Value.Of(_random.Next(2) == 0),
            ValueKind.Long => Value.Of(Number(parameter)),
            ValueKind.String => Value.Of(Text(parameter)),
            _ => Value.OfJson(Encoding.UTF8.GetBytes(Json(parameter))),
        };
    }

    private long Number(ParameterDefinition parameter)
    {
        var low = parameter.Minimum ?? long.MinValue;
        var high = parameter.Maximum ?? long.MaxValue;
        var small = Math.Clamp(0, low, high);
        var drawn = _random.Next(10) switch
        {
            0 => low,
            1 => high,
            < 6 when _seen.Count > 0 => Pick(_seen),
            _ => small <= high - 8 ? small + _random.Next(8) : small,
        };
        return Math.Clamp(drawn, low, high);
    }

    private string Text(ParameterDefinition parameter)
    {
        var fitting = Texts
            .Where(text => Encoding.UTF8.GetByteCount(text) >= (parameter.BytesMin ?? 0))
            .Where(text => Encoding.UTF8.GetByteCount(text) <= (parameter.BytesMax ?? int.MaxValue))
            .ToArray();
        return fitting.Length > 0 ? Pick(fitting) : new string('x', parameter.BytesMin ?? 0);
    }

    // Lists and records come as their example says, since any JSON would not fit their type.
    private string Json(ParameterDefinition parameter) => ReferenceEquals(parameter.Type, ValueType.Json)
        ? Pick(Jsons)
        : parameter.Example ?? throw new InvalidOperationException($"Parameter '{parameter.Name}' needs an example.");

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];
}
