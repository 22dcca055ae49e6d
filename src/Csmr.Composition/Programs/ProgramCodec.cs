using Csmr.Composition.Plans;

namespace Csmr.Composition.Programs;

/// <summary>Packs programs: version, groups, then each step. Reading takes any bytes and throws nothing but <see cref="WireFormatException"/>.</summary>
internal static class ProgramCodec
{
    /// <summary>The most steps of one program.</summary>
    public const int StepsMax = 1024;

    private const byte Version = 1;

    [Flags]
    private enum StepFlags : byte
    {
        None = 0,
        IsConditional = 1,
        GoesOn = 2,
        MayBeRefused = 4,
        NamesItsState = 8,

        /// <summary>Id and service follow, for the message of a refusal.</summary>
        IsNamed = 16,
        All = IsConditional | GoesOn | MayBeRefused | NamesItsState | IsNamed,
    }

    [Flags]
    private enum ArgumentFlags : byte
    {
        None = 0,
        IsChecked = 1,
        IsOptional = 2,
        HasMinimum = 4,
        HasMaximum = 8,
        HasBytesMin = 16,
        HasBytesMax = 32,
        All = IsChecked | IsOptional | HasMinimum | HasMaximum | HasBytesMin | HasBytesMax,
    }

    public static byte[] Write(CompositeProgram program)
    {
        var writer = new WireWriter(256);
        writer.Byte(Version);
        writer.VarUInt((uint)program.GroupCount);
        writer.VarUInt((uint)program.Steps.Count);
        foreach (var step in program.Steps)
        {
            Write(writer, step);
        }

        return writer.ToArray();
    }

    public static CompositeProgram Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var version = reader.Byte();
        if (version != Version)
        {
            throw new WireFormatException($"unknown version {version} of a program");
        }

        var groups = reader.VarUInt();
        var count = reader.Count(4);
        if (count > StepsMax || groups > (ulong)count)
        {
            throw new WireFormatException($"a program of {count} steps in {groups} groups");
        }

        var steps = new ProgramStep[count];
        for (var i = 0; i < count; i++)
        {
            steps[i] = ReadStep(ref reader, i, (int)groups);
        }

        reader.End();
        return new CompositeProgram((int)groups, steps);
    }

    private static void Write(WireWriter writer, ProgramStep step)
    {
        var isNamed = step.When is not null || step.Arguments.Any(static argument => argument.Parameter is not null);
        writer.VarUInt((uint)step.Group);
        writer.Byte((byte)(Flag(step.When is not null, StepFlags.IsConditional) | Flag(step.OnRefusal == RefusalRule.Continue, StepFlags.GoesOn)
            | Flag(step.MayBeRefused, StepFlags.MayBeRefused) | Flag(step.NamesItsState, StepFlags.NamesItsState) | Flag(isNamed, StepFlags.IsNamed)));
        writer.String(step.Operation);
        if (isNamed)
        {
            writer.String(step.Id);
            writer.String(step.Service);
        }

        if (step.When is not null)
        {
            ExpressionCodec.Write(writer, step.When);
        }

        writer.VarUInt((uint)step.Arguments.Count);
        foreach (var argument in step.Arguments)
        {
            WriteParameter(writer, argument.Parameter);
            ExpressionCodec.Write(writer, argument.Expression);
        }
    }

    private static ProgramStep ReadStep(ref WireReader reader, int index, int groups)
    {
        var group = reader.VarUInt();
        var flags = (StepFlags)reader.Byte();
        if (group >= (ulong)groups || (flags & ~StepFlags.All) != StepFlags.None)
        {
            throw new WireFormatException($"a step of group {group} with flags {(byte)flags}");
        }

        var operation = reader.String();
        var isNamed = flags.HasFlag(StepFlags.IsNamed);
        var id = isNamed ? reader.String() : "";
        var service = isNamed ? reader.String() : "";
        var expressions = new ExpressionCodec(index);
        var when = flags.HasFlag(StepFlags.IsConditional) ? expressions.Read(ref reader) : null;
        var arguments = new ProgramArgument[reader.Count(2)];
        var areKnown = true;
        for (var i = 0; i < arguments.Length; i++)
        {
            var parameter = ReadParameter(ref reader);
            arguments[i] = new ProgramArgument(expressions.Read(ref reader), parameter);
            areKnown &= arguments[i].Expression is ConstantExpression || parameter is not null;
        }

        if (!areKnown)
        {
            throw new WireFormatException("an argument that is not known yet has no parameter");
        }

        return new ProgramStep
        {
            Group = (int)group,
            Id = id,
            Service = service,
            Operation = operation,
            Arguments = arguments,
            When = when,
            OnRefusal = flags.HasFlag(StepFlags.GoesOn) ? RefusalRule.Continue : RefusalRule.Stop,
            MayBeRefused = flags.HasFlag(StepFlags.MayBeRefused),
            NamesItsState = flags.HasFlag(StepFlags.NamesItsState),
        };
    }

    private static void WriteParameter(WireWriter writer, ParameterDefinition? parameter)
    {
        if (parameter is null)
        {
            writer.Byte((byte)ArgumentFlags.None);
            return;
        }

        writer.Byte((byte)(ArgumentFlags.IsChecked | Flag(parameter.IsOptional, ArgumentFlags.IsOptional)
            | Flag(parameter.Minimum is not null, ArgumentFlags.HasMinimum) | Flag(parameter.Maximum is not null, ArgumentFlags.HasMaximum)
            | Flag(parameter.BytesMin is not null, ArgumentFlags.HasBytesMin) | Flag(parameter.BytesMax is not null, ArgumentFlags.HasBytesMax)));
        writer.String(parameter.Name);
        writer.Byte((byte)parameter.Type.Carrier);
        foreach (var bound in (long?[])[parameter.Minimum, parameter.Maximum, parameter.BytesMin, parameter.BytesMax])
        {
            if (bound is { } number)
            {
                writer.VarInt(number);
            }
        }
    }

    private static ParameterDefinition? ReadParameter(ref WireReader reader)
    {
        var flags = (ArgumentFlags)reader.Byte();
        if (flags == ArgumentFlags.None)
        {
            return null;
        }

        if (!flags.HasFlag(ArgumentFlags.IsChecked) || (flags & ~ArgumentFlags.All) != ArgumentFlags.None)
        {
            throw new WireFormatException($"unknown flags {(byte)flags} of an argument");
        }

        return new ParameterDefinition(reader.String(), ExpressionCodec.TypeOf(reader.Byte()), "")
        {
            IsOptional = flags.HasFlag(ArgumentFlags.IsOptional),
            Minimum = flags.HasFlag(ArgumentFlags.HasMinimum) ? reader.VarInt() : null,
            Maximum = flags.HasFlag(ArgumentFlags.HasMaximum) ? reader.VarInt() : null,
            BytesMin = flags.HasFlag(ArgumentFlags.HasBytesMin) ? Bytes(ref reader) : null,
            BytesMax = flags.HasFlag(ArgumentFlags.HasBytesMax) ? Bytes(ref reader) : null,
        };
    }

    private static int Bytes(ref WireReader reader) =>
        reader.VarInt() is var number and >= 0 and <= int.MaxValue ? (int)number : throw new WireFormatException("a number of bytes is out of range");

    private static TFlags Flag<TFlags>(bool isSet, TFlags flag)
        where TFlags : struct, Enum => isSet ? flag : default;
}
