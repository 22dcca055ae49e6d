using Csmr.Composition.Plans;

namespace Csmr.Composition.Programs;

/// <summary>Packs the expressions of programs: a tag, then the parts. What is read is bounded in depth and number.</summary>
/// <param name="step">The step that they belong to: they refer to earlier ones only.</param>
internal sealed class ExpressionCodec(int step)
{
    /// <summary>How deeply expressions may be nested. The checker keeps plans below it.</summary>
    public const int DepthMax = 100;

    /// <summary>The most expressions of one step, parts counted.</summary>
    public const int CountMax = 10_000;

    private int _count;

    private enum Tag : byte
    {
        Constant = 0,
        Field = 1,
        Refusal = 2,
        Record = 3,
        List = 4,
        Member = 5,
        Json = 6,
        When = 7,
        First = 8,
        Not = 9,
        Equals = 10,
        All = 11,
        Any = 12,
        Comparison = 13,
        Arithmetic = 14,
        Template = 15,
    }

    /// <summary>The type of values that are carried in a way; records and lists count as any JSON here.</summary>
    public static ValueType TypeOf(byte carrier) => (ValueKind)carrier switch
    {
        ValueKind.Bool => ValueType.Bool,
        ValueKind.Long => ValueType.Long,
        ValueKind.String => ValueType.String,
        ValueKind.Json => ValueType.Json,
        _ => throw new WireFormatException($"unknown type {carrier}"),
    };

    public static void Write(WireWriter writer, Expression expression)
    {
        switch (expression)
        {
            case ConstantExpression constant:
                writer.Byte((byte)Tag.Constant);
                writer.Value(constant.Constant);
                return;
            case FieldExpression field:
                writer.Byte((byte)Tag.Field);
                writer.VarUInt((uint)field.Step);
                writer.VarUInt((uint)field.Field);
                writer.Byte((byte)field.Type.Carrier);
                return;
            case RefusalExpression refusal:
                writer.Byte((byte)Tag.Refusal);
                writer.VarUInt((uint)refusal.Step);
                return;
            case RecordExpression record:
                writer.Byte((byte)Tag.Record);
                writer.VarUInt((uint)record.Members.Count);
                foreach (var member in record.Members)
                {
                    writer.String(member.Name);
                    Write(writer, member.Expression);
                }

                return;
            case MemberExpression member:
                writer.Byte((byte)Tag.Member);
                writer.String(member.Name);
                writer.Byte((byte)member.MemberType.Carrier);
                break;
            case ComparisonExpression comparison:
                writer.Byte((byte)Tag.Comparison);
                writer.Byte((byte)comparison.Operator);
                break;
            case ArithmeticExpression arithmetic:
                writer.Byte((byte)Tag.Arithmetic);
                writer.Byte((byte)arithmetic.Operator);
                break;
            default:
                WriteTag(writer, expression);
                break;
        }

        foreach (var part in expression.Parts())
        {
            Write(writer, part);
        }
    }

    public Expression Read(ref WireReader reader) => Read(ref reader, DepthMax);

    private static void WriteTag(WireWriter writer, Expression expression)
    {
        var (tag, hasCount) = expression switch
        {
            JsonExpression => (Tag.Json, false),
            WhenExpression => (Tag.When, false),
            NotExpression => (Tag.Not, false),
            EqualsExpression => (Tag.Equals, false),
            ListExpression => (Tag.List, true),
            FirstExpression => (Tag.First, true),
            AllExpression => (Tag.All, true),
            AnyExpression => (Tag.Any, true),
            TemplateExpression => (Tag.Template, true),
            _ => throw new ArgumentException($"{expression.GetType().Name} belongs to no program.", nameof(expression)),
        };
        writer.Byte((byte)tag);
        if (hasCount)
        {
            writer.VarUInt((uint)expression.Parts().Count());
        }
    }

    private Expression Read(ref WireReader reader, int depth)
    {
        if (depth == 0 || ++_count > CountMax)
        {
            throw new WireFormatException("an expression is too deep or too large");
        }

        var tag = (Tag)reader.Byte();
        var inner = depth - 1;
        return tag switch
        {
            Tag.Constant => ReadConstant(ref reader),
            Tag.Field => new FieldExpression(ReadStep(ref reader), ReadField(ref reader), TypeOf(reader.Byte())),
            Tag.Refusal => new RefusalExpression(ReadStep(ref reader)),
            Tag.Record => ReadRecord(ref reader, inner),
            Tag.List => new ListExpression(ReadMany(ref reader, inner), ValueType.Json),
            Tag.Member => ReadMember(ref reader, inner),
            Tag.Json => new JsonExpression(Read(ref reader, inner)),
            Tag.When => new WhenExpression(Read(ref reader, inner), Read(ref reader, inner)),
            Tag.First => new FirstExpression(ReadMany(ref reader, inner, countMin: 1)),
            Tag.Not => new NotExpression(Read(ref reader, inner)),
            Tag.Equals => new EqualsExpression(Read(ref reader, inner), Read(ref reader, inner)),
            Tag.All => new AllExpression(ReadMany(ref reader, inner)),
            Tag.Any => new AnyExpression(ReadMany(ref reader, inner)),
            Tag.Comparison => new ComparisonExpression(
                (Comparison)ReadChoice(ref reader, (byte)Comparison.AtLeast), Read(ref reader, inner), Read(ref reader, inner)),
            Tag.Arithmetic => new ArithmeticExpression(
                (Arithmetic)ReadChoice(ref reader, (byte)Arithmetic.Minus), Read(ref reader, inner), Read(ref reader, inner)),
            Tag.Template => new TemplateExpression(ReadMany(ref reader, inner)),
            _ => throw new WireFormatException($"unknown kind of expression {(byte)tag}"),
        };
    }

    private static ConstantExpression ReadConstant(ref WireReader reader)
    {
        var value = reader.Value();
        return new ConstantExpression(value, value.IsNull ? ValueType.Json : TypeOf((byte)value.Kind));
    }

    private int ReadStep(ref WireReader reader)
    {
        var earlier = reader.VarUInt();
        return earlier < (ulong)step ? (int)earlier : throw new WireFormatException($"step {step} refers to step {earlier}");
    }

    private static int ReadField(ref WireReader reader)
    {
        var field = reader.VarUInt();
        return field <= int.MaxValue ? (int)field : throw new WireFormatException($"there is no field {field}");
    }

    private static byte ReadChoice(ref WireReader reader, byte last) =>
        reader.Byte() is var choice && choice <= last ? choice : throw new WireFormatException($"unknown operator {choice}");

    private RecordExpression ReadRecord(ref WireReader reader, int depth)
    {
        var members = new RecordMember[reader.Count(2)];
        for (var i = 0; i < members.Length; i++)
        {
            members[i] = new RecordMember(reader.String(), Read(ref reader, depth));
        }

        return new RecordExpression(members, ValueType.Json);
    }

    private MemberExpression ReadMember(ref WireReader reader, int depth)
    {
        var name = reader.String();
        var type = TypeOf(reader.Byte());
        return new MemberExpression(Read(ref reader, depth), name, type);
    }

    private Expression[] ReadMany(ref WireReader reader, int depth, int countMin = 0)
    {
        var parts = new Expression[reader.Count(1)];
        if (parts.Length < countMin)
        {
            throw new WireFormatException("an expression lacks its parts");
        }

        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = Read(ref reader, depth);
        }

        return parts;
    }
}
