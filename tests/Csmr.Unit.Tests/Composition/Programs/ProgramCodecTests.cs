using Csmr.Composition.Plans;
using Csmr.Composition.Programs;

namespace Csmr.Unit.Tests.Composition.Programs;

public sealed class ProgramCodecTests
{
    [Fact]
    public void Read_WhatWasWritten_IsTheSameProgram()
    {
        for (var seed = 0; seed < 2000; seed++)
        {
            var call = new RandomCall(seed);
            var program = CompositeCall.Of(call.Plan, call.Arguments).Program;
            var bytes = program.ToBytes();
            var read = CompositeProgram.Read(bytes);

            Assert.Equal(bytes, read.ToBytes());
            Assert.Equal(bytes, CompositeCall.Of(call.Plan, call.Arguments).Program.ToBytes());
            Assert.Equal(program.Steps.Select((_, step) => string.Join(' ', program.AwaitedBy(step))), read.Steps.Select((_, step) => string.Join(' ', read.AwaitedBy(step))));
        }
    }

    [Fact]
    public void Read_DamagedBytes_ThrowsNothingElse_AndWhatCanBeReadCanBeRun()
    {
        var (read, refused) = (0, 0);
        for (var seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var call = new RandomCall(seed % 500);
            var bytes = CompositeCall.Of(call.Plan, call.Arguments).Program.ToBytes();
            for (var edits = random.Next(1, 4); edits > 0; edits--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bytes = random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
            try
            {
                Run(CompositeProgram.Read(bytes), call);
                read++;
            }
            catch (WireFormatException)
            {
                refused++;
            }
        }

        Assert.InRange(read, 1000, int.MaxValue);
        Assert.InRange(refused, 1000, int.MaxValue);
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public void Read_NestedDeeply_IsRefused(int depth, bool isTaken)
    {
        Expression expression = new FieldExpression(0, 0, ValueType.Bool);
        for (var i = 1; i < depth; i++)
        {
            expression = new NotExpression(expression);
        }

        var step = new ProgramStep { Group = 0, Id = "a", Service = "s", Operation = "o", Arguments = [] };
        var bytes = new CompositeProgram(1, [step, step with { When = expression }]).ToBytes();

        var error = Record.Exception(() => CompositeProgram.Read(bytes));
        Assert.Equal(isTaken, error is null);
        Assert.True(error is null or WireFormatException);
    }

    private static void Run(CompositeProgram program, RandomCall call)
    {
        var run = new ProgramRun(program);
        for (var step = 0; step < program.Steps.Count; step++)
        {
            run.Preview(step);
            Assert.True(run.TryTurn(step, out var turn));
            run.Settle(step, turn.Decided ?? StepEnd.Of(call.Answer(program.Steps[step].Operation, turn.Arguments)));
        }

        Assert.True(run.IsOver);
    }
}
