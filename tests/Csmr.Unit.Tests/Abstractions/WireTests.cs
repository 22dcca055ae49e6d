using System.Text;
using CsCheck;

namespace Csmr.Unit.Tests.Abstractions;

public sealed class WireTests
{
    private static readonly Gen<Value> Values = Gen.OneOf(
        Gen.Const(Value.Null),
        Gen.Bool.Select(Value.Of),
        Gen.Long.Select(Value.Of),
        Gen.String.Where(IsUnicode).Select(Value.Of),
        Gen.Byte.Array.Select(Value.OfJson));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(127, 1)]
    [InlineData(128, 2)]
    [InlineData(16_383, 2)]
    [InlineData(16_384, 3)]
    [InlineData(long.MaxValue, 9)]
    [InlineData(ulong.MaxValue, 10)]
    public void VarUInt_OfANumber_TakesItsBytes(ulong number, int bytes)
    {
        var writer = new WireWriter();
        writer.VarUInt(number);
        Assert.Equal(bytes, writer.Length);
        var reader = new WireReader(writer.ToArray());
        Assert.Equal(number, reader.VarUInt());
        reader.End();
    }

    [Fact]
    public void Primitives_WrittenAndRead_AreTheSame() =>
        Gen.Select(Gen.Long, Gen.ULong, Gen.Bool, Gen.Byte.Array, Gen.String.Where(IsUnicode)).Sample((number, unsigned, truth, bytes, text) =>
        {
            var writer = new WireWriter(1);
            writer.VarInt(number);
            writer.VarUInt(unsigned);
            writer.UInt64(unsigned);
            writer.Bool(truth);
            writer.Bytes(bytes);
            writer.String(text);
            var reader = new WireReader(writer.ToArray());
            Assert.Equal(number, reader.VarInt());
            Assert.Equal(unsigned, reader.VarUInt());
            Assert.Equal(unsigned, reader.UInt64());
            Assert.Equal(truth, reader.Bool());
            Assert.Equal(bytes, reader.Bytes().ToArray());
            Assert.Equal(text, reader.String());
            reader.End();
        });

    [Fact]
    public void Value_WrittenAndRead_IsTheSame() => Values.Sample(value =>
    {
        var writer = new WireWriter();
        writer.Value(value);
        var reader = new WireReader(writer.ToArray());
        Assert.Equal(value, reader.Value());
        reader.End();
    });

    [Fact]
    public void Outcome_WrittenAndRead_IsTheSame() =>
        Gen.Select(Values.Array[0, 5], Gen.Int[0, 2]).Sample((fields, kind) =>
        {
            var outcome = kind switch
            {
                0 => Outcome.Done(fields),
                1 => Outcome.Refused("kv.code", "A message."),
                _ => Outcome.Fault("code", ""),
            };
            var bytes = Bytes(outcome.Write);
            var reader = new WireReader(bytes);
            var read = Outcome.Read(ref reader);
            reader.End();
            Assert.Equal(outcome.Kind, read.Kind);
            Assert.Equal(outcome.Fields.ToArray(), read.Fields.ToArray());
            Assert.Equal(bytes, Bytes(read.Write));
        });

    [Fact]
    public void Read_OfEveryProperPrefix_ThrowsWireFormat()
    {
        var bytes = Bytes(Outcome.Done(Value.Of("text"), Value.Of(-5), Value.OfJson("[1]"u8.ToArray()), Value.Of(true)).Write);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<WireFormatException>(() => ReadOutcome(bytes[..length]));
        }

        Assert.Throws<WireFormatException>(() => ReadOutcome([.. bytes, 0]));
    }

    [Fact]
    public void Read_OfAnyBytes_ThrowsNothingButWireFormat() => Gen.Byte.Array[0, 100].Sample(static bytes =>
    {
        TryRead(bytes, static reader => reader.Value());
        TryRead(bytes, static reader => Outcome.Read(ref reader));
        TryRead(bytes, static reader => reader.String());
        TryRead(bytes, static reader => reader.Bytes());
        TryRead(bytes, static reader => reader.VarInt());
        TryRead(bytes, static reader => reader.UInt64());
        TryRead(bytes, static reader => reader.Count(3));
        TryRead(bytes, static reader => reader.Bool());
        TryRead(bytes, static reader => Invocation.Read(ref reader, Csmr.Services.KeyValue.KvOperations.Machine));
    });

    [Fact]
    public void Read_OfHugeLengths_AllocatesNoMoreThanTheInputIsWorth()
    {
        byte[][] hostile =
        [
            [(byte)ValueKind.String, .. Huge()],
            [(byte)ValueKind.Json, .. Huge()],
            [(byte)OutcomeKind.Done, .. Huge()],
            [(byte)OutcomeKind.Refused, .. Huge()],
            [3, .. "put"u8, .. Huge()],
            [3, .. "put"u8, 0xff, 0x7f, .. new byte[16_383]],
        ];
        foreach (var bytes in hostile)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 10; i++)
            {
                TryRead(bytes, static reader => reader.Value());
                TryRead(bytes, static reader => Outcome.Read(ref reader));
                TryRead(bytes, static reader => Invocation.Read(ref reader, Csmr.Services.KeyValue.KvOperations.Machine));
            }

            // A value is 24 bytes in memory and at least one byte of input; exceptions cost a few kilobytes.
            var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 10;
            Assert.InRange(each, 0, 100_000 + (30 * bytes.Length));
        }

        static byte[] Huge() => [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    }

    [Theory]
    [InlineData(new byte[] { 2, 0xff, 0xfe })]
    [InlineData(new byte[] { 1, 0x80 })]
    [InlineData(new byte[] { 3, 0xed, 0xa0, 0x80 })]
    public void String_OfNoUtf8_ThrowsWireFormat(byte[] bytes) =>
        Assert.Throws<WireFormatException>(() => new WireReader(bytes).String());

    [Fact]
    public void VarUInt_OfMoreThan64Bits_ThrowsWireFormat()
    {
        Assert.Throws<WireFormatException>(static () => new WireReader(Enumerable.Repeat((byte)0x80, 20).ToArray()).VarUInt());
        Assert.Throws<WireFormatException>(static () => new WireReader((byte[])[.. Enumerable.Repeat((byte)0xff, 9), 2]).VarUInt());
    }

    private static bool IsUnicode(string text) =>
        text == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(Action<WireWriter> write)
    {
        var writer = new WireWriter();
        write(writer);
        return writer.ToArray();
    }

    private static void ReadOutcome(byte[] bytes)
    {
        var reader = new WireReader(bytes);
        Outcome.Read(ref reader);
        reader.End();
    }

    private static void TryRead<T>(byte[] bytes, Func<WireReader, T> read)
    {
        try
        {
            read(new WireReader(bytes));
        }
        catch (WireFormatException)
        {
            // As it should.
        }
    }
}
