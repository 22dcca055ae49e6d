using Csmr.Replication.Ports;

namespace Csmr.Replication.Multicast;

/// <summary>What a composite operation is, as the gateway sends it to every one of its groups in <see cref="Machine.Command.Invocation"/>.</summary>
/// <param name="Destinations">The groups that execute steps, in order of their names (ordinally), each once: D(m).</param>
/// <param name="Program">The steps and arguments; see <see cref="ICompositeLanguage"/>.</param>
public sealed record MulticastCall(IReadOnlyList<GroupId> Destinations, ReadOnlyMemory<byte> Program)
{
    private const byte FormatVersion = 1;

    /// <summary>Groups of one operation, at most.</summary>
    public const int DestinationsMax = 64;

    /// <summary>Packs it.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Pack()
    {
        var writer = new WireWriter(Program.Length + 64);
        writer.Byte(FormatVersion);
        writer.VarUInt((uint)Destinations.Count);
        foreach (var group in Destinations)
        {
            writer.String(group.Name);
        }

        writer.Bytes(Program.Span);
        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Pack"/> wrote; the program is a slice of the bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The call.</returns>
    /// <exception cref="WireFormatException">The bytes are no composite call.</exception>
    public static MulticastCall Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion)
        {
            throw new WireFormatException($"unknown format {version} of a composite call");
        }

        var groups = new GroupId[reader.Count(2)];
        for (var i = 0; i < groups.Length; i++)
        {
            groups[i] = new GroupId(reader.String());
            if (i > 0 && string.CompareOrdinal(groups[i - 1].Name, groups[i].Name) >= 0)
            {
                throw new WireFormatException("the groups of a composite call are not in order");
            }
        }

        if (groups.Length is 0 or > DestinationsMax)
        {
            throw new WireFormatException($"a composite call has {groups.Length} groups");
        }

        var program = reader.Bytes();
        reader.End();
        return new MulticastCall(groups, program);
    }

    /// <summary>The position of a group among the destinations, or -1.</summary>
    internal int IndexOf(GroupId group)
    {
        for (var i = 0; i < Destinations.Count; i++)
        {
            if (Destinations[i] == group)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Packs the results of a group's steps into the outcome with which the group answers.</summary>
    /// <param name="results">The results.</param>
    /// <returns>The outcome.</returns>
    public static Outcome PackResults(IEnumerable<SettledStep> results)
    {
        var values = new List<Value>();
        foreach (var (step, result, slot) in results)
        {
            values.Add(Value.Of(step));
            values.Add(Value.Of(slot.Number));
            values.Add(Value.Of((long)result.Kind));
            if (result.Outcome is not { } outcome)
            {
                continue;
            }

            values.Add(Value.Of((long)outcome.Kind));
            values.Add(Value.Of(outcome.Code));
            values.Add(Value.Of(outcome.Message));
            values.Add(Value.Of(outcome.Fields.Length));
            values.AddRange(outcome.Fields);
        }

        return Outcome.Done([.. values]);
    }

    /// <summary>Reads what <see cref="PackResults"/> wrote.</summary>
    /// <param name="outcome">A group's answer to a composite call.</param>
    /// <returns>The results of the group's steps.</returns>
    /// <exception cref="WireFormatException">The outcome is no such answer.</exception>
    public static IReadOnlyList<SettledStep> ReadResults(Outcome outcome)
    {
        var results = new List<SettledStep>();
        var fields = new ResultFields(outcome.Fields);
        while (!fields.IsAtEnd)
        {
            var step = (int)fields.Number(int.MaxValue);
            var slot = new Slot(fields.Number(long.MaxValue));
            var kind = (StepResultKind)fields.Number((long)StepResultKind.NotReached);
            results.Add(new SettledStep(step, new StepResult(kind, kind == StepResultKind.Settled ? fields.Outcome() : null), slot));
        }

        return results;
    }

    /// <summary>Reads the fields of packed results one by one.</summary>
    private ref struct ResultFields(ReadOnlySpan<Value> fields)
    {
        private ReadOnlySpan<Value> _rest = fields;

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public long Number(long max)
        {
            var number = Next(ValueKind.Long).AsLong();
            return number >= 0 && number <= max ? number : throw new WireFormatException($"{number} is out of range in an answer to a composite call");
        }

        public Outcome Outcome()
        {
            var kind = (OutcomeKind)Number((long)OutcomeKind.Fault);
            var (code, message) = (Next(ValueKind.String).AsString(), Next(ValueKind.String).AsString());
            var count = (int)Number(_rest.Length);
            if (count > _rest.Length || (kind == OutcomeKind.Done ? code.Length + message.Length : count) > 0)
            {
                throw new WireFormatException("an answer to a composite call holds an outcome that is none");
            }

            var own = _rest[..count].ToArray();
            _rest = _rest[count..];
            return kind switch
            {
                OutcomeKind.Done => Csmr.Outcome.Done(own),
                OutcomeKind.Refused => Csmr.Outcome.Refused(code, message),
                _ => Csmr.Outcome.Fault(code, message),
            };
        }

        private Value Next(ValueKind kind)
        {
            if (_rest.IsEmpty || _rest[0].Kind != kind)
            {
                throw new WireFormatException($"an answer to a composite call lacks a field of kind {kind}");
            }

            var value = _rest[0];
            _rest = _rest[1..];
            return value;
        }
    }
}

/// <summary>A step of a composite operation that has ended.</summary>
/// <param name="Step">The step.</param>
/// <param name="Result">Its result.</param>
/// <param name="Slot">The slot at which it ended at its group; at another group, that at which this was told.</param>
public readonly record struct SettledStep(int Step, StepResult Result, Slot Slot);
