using Csmr.Services.KeyValue;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Abstractions;

public sealed class InvocationTests
{
    private static readonly MachineDefinition Kv = KvOperations.Machine;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Read_OfWhatWasWritten_IsTheSame(int seed)
    {
        var generator = new InvocationGenerator(Kv, seed);
        for (var i = 0; i < 500; i++)
        {
            var call = generator.Next();
            var read = Read(call.Operation.Name, call.Arguments.ToArray());
            Assert.NotNull(read);
            Assert.Same(call.Operation, read.Operation);
            Assert.Equal(call.Arguments.ToArray(), read.Arguments.ToArray());
        }
    }

    [Fact]
    public void Read_OfArgumentsThatDoNotFit_IsNull()
    {
        var (key, json) = (Value.Of("a"), Value.OfJson("1"u8.ToArray()));
        Assert.NotNull(Read("put", key, json));
        Assert.NotNull(Read("cas", key, json, Value.Of(1), Value.Null));

        Assert.Null(Read("no-such-operation", key, json));
        Assert.Null(Read("", key, json));
        Assert.Null(Read("put", key));
        Assert.Null(Read("put"));
        Assert.Null(Read("put", key, json, json));
        Assert.Null(Read("put", json, key));
        Assert.Null(Read("put", key, key));
        Assert.Null(Read("put", Value.Null, json));
        Assert.Null(Read("put", key, Value.Null));
        Assert.Null(Read("cas", key, json, Value.Of("1"), Value.Null));
        Assert.Null(Read("cas", key, json, Value.Of(true), Value.Null));
    }

    [Fact]
    public void Argument_ByNameAndPosition_IsTheSame()
    {
        var call = new Invocation(Kv.Find("get")!, [Value.Of("a")]);
        Assert.Equal(call[0], call["key"]);
        Assert.Throws<ArgumentException>(() => call["no-such-parameter"]);
    }

    private static Invocation? Read(string operation, params Value[] arguments)
    {
        var writer = new WireWriter();
        new Invocation(new OperationDefinition { Name = operation, Summary = "", Access = OperationAccess.Read, Fields = [] }, arguments).Write(writer);
        var reader = new WireReader(writer.ToArray());
        var read = Invocation.Read(ref reader, Kv);
        reader.End();
        return read;
    }
}
