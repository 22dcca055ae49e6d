using System.Text.Json;
using Xunit;

namespace Csmr.TestKit.Machines;

/// <summary>
/// What every state machine owes to the platform, as tests: inherit, name the machine, and they run. Calls are drawn from
/// the definition; a failure names the seed of its run.
/// </summary>
public abstract class StateMachineContract
{
    /// <summary>The number of runs of each test, each with a seed of its own.</summary>
    protected virtual int Runs => 20;

    /// <summary>The number of calls in a run.</summary>
    protected virtual int CallsPerRun => 60;

    /// <summary>The machine.</summary>
    protected abstract IStateMachineType Machine { get; }

    /// <summary>The settings that differ from their defaults.</summary>
    protected virtual (string Name, Value Value)[] Settings => [];

    private MachineDefinition Definition => Machine.Definition;

    [Fact]
    public void Definition_Always_KeepsTheRules() => Assert.Empty(DefinitionRules.Check(Definition));

    [Fact]
    public void Definition_Examples_FitTheirTypes()
    {
        foreach (var operation in Definition.Operations)
        {
            foreach (var parameter in operation.Parameters.Where(static parameter => parameter.Example is not null))
            {
                using var json = JsonDocument.Parse(parameter.Example!);
                Assert.Empty(OutcomeRules.Check(new FieldDefinition(parameter.Name, parameter.Type, parameter.Summary), json.RootElement));
            }

            Assert.True(operation.Example is not null, $"Operation '{operation.Name}' has no example of an outcome.");
            using var example = JsonDocument.Parse(operation.Example);
            var record = new FieldDefinition(operation.Name, ValueType.Record(operation.Fields), operation.Summary);
            Assert.Empty(OutcomeRules.Check(record, example.RootElement));
        }
    }

    [Fact]
    public void Apply_AnyCall_AnswersAsDeclared() => ForEachCall((generator, machine, call, context) =>
    {
        var answer = machine.Apply(call, context);
        generator.See(answer.Outcome);
        Assert.Empty(OutcomeRules.Check(Definition, call.Operation, answer.Outcome));
    });

    [Fact]
    public void Apply_ReadOrRefused_ChangesNothing() => ForEachCall((generator, machine, call, context) =>
    {
        var before = machine.Snapshot();
        var outcome = machine.Apply(call, context).Outcome;
        generator.See(outcome);
        if (call.Operation.Access == OperationAccess.Read || !outcome.IsDone)
        {
            Assert.Equal(before, machine.Snapshot());
        }
    });

    [Fact]
    public void Apply_ArgumentsOutOfBounds_AnswersOrThrowsUnchanged() => ForEachRun((generator, machine) =>
    {
        for (var i = 0; i < CallsPerRun; i++)
        {
            var before = machine.Snapshot();
            try
            {
                _ = machine.Apply(generator.NextUnbounded(), generator.NextContext());
            }
            catch (Exception error) when (error is not Xunit.Sdk.XunitException)
            {
                Assert.Equal(before, machine.Snapshot());
            }
        }
    });

    [Fact]
    public void TwoInstances_SameCalls_GiveSameOutcomesAndStates() => ForEachRun((generator, machine) =>
    {
        var other = machine.Fresh();
        AssertSameBehaviour(generator, machine, other);
    });

    [Fact]
    public void Restore_OfASnapshot_GivesTheSameStateAndBehaviour() => ForEachRun((generator, machine) =>
    {
        Run(generator, machine, CallsPerRun);
        var snapshot = machine.Snapshot();
        Assert.Equal(snapshot, machine.Snapshot());

        // A used instance must forget all it had.
        var other = machine.Fresh();
        Run(generator, other, generator.Below(CallsPerRun));
        other.Restore(snapshot);
        Assert.Equal(snapshot, other.Snapshot());
        AssertSameBehaviour(generator, machine, other);
    });

    [Fact]
    public void Capture_WrittenWhenTheMachineHasGoneOn_IsTheStateOfThen() => ForEachRun((generator, machine) =>
    {
        var captured = new List<(IStateView View, byte[] Expected)>();
        for (var i = 0; i < 4; i++)
        {
            Run(generator, machine, generator.Below(CallsPerRun));
            captured.Add((machine.Capture(), machine.Snapshot()));
        }

        Run(generator, machine, CallsPerRun);
        Assert.All(captured, static state => Assert.Equal(state.Expected, Written(state.View)));
        Assert.All(captured, static state => Assert.Equal(state.Expected, Written(state.View)));
    });

    [Fact]
    public void Capture_WrittenWhileTheMachineGoesOn_IsTheStateOfThen() => ForEachRun((generator, machine) =>
    {
        Run(generator, machine, CallsPerRun);
        var expected = machine.Snapshot();
        var isSame = ConcurrentWriting.IsSame(machine.Capture(), expected, () => Run(generator, machine, CallsPerRun));
        Assert.True(isSame, "What was written is not the state that was captured.");
    });

    [Fact]
    public void Restore_OfOtherBytes_ThrowsNothingButWireFormat() => ForEachRun((generator, machine) =>
    {
        Run(generator, machine, generator.Below(CallsPerRun));
        var snapshot = machine.Snapshot();
        for (var i = 0; i < CallsPerRun; i++)
        {
            var damaged = Damaged(generator, snapshot);
            try
            {
                machine.Fresh().Restore(damaged);
            }
            catch (WireFormatException)
            {
                // As it should.
            }
        }
    });

    [Fact]
    public void FootprintOf_AnyCall_AgreesWithTheDefinition() => ForEachCall((_, machine, call, _) =>
    {
        var footprint = machine.FootprintOf(call);
        var keys = call.Operation.KeyParameters.Select(name => call[name]).Where(static key => !key.IsNull).Select(static key => key.AsString()).ToArray();
        Assert.False(footprint.IsEverything && keys.Length > 0, "The definition names keys, the footprint is everything.");
        foreach (var item in footprint.Items)
        {
            Assert.False(item.IsWrite && call.Operation.Access == OperationAccess.Read, $"A read writes '{item.From}'.");
            Assert.True(keys.Length == 0 || keys.Contains(item.From, StringComparer.Ordinal), $"'{item.From}' is no key of the call.");
            Assert.True(keys.Length == 0 || item.To is null, "The definition names keys, the footprint has a range.");
        }
    });

    [Fact]
    public void Apply_CallsWithoutConflict_GiveTheSameInEitherOrder() => ForEachRun((generator, machine) =>
    {
        Run(generator, machine, generator.Below(CallsPerRun));
        for (var i = 0; i < CallsPerRun / 2; i++)
        {
            var first = generator.Next();
            var second = generator.Next();
            if (!machine.FootprintOf(first).ConflictsWith(machine.FootprintOf(second)))
            {
                AssertCommute(generator, machine, first, second);
            }
        }
    });

    private static byte[] Written(IStateView view)
    {
        var output = new WireWriter();
        view.Write(output);
        return output.ToArray();
    }

    private static byte[] Damaged(InvocationGenerator generator, byte[] snapshot)
    {
        var way = generator.Below(4);
        if (way == 0 || snapshot.Length == 0)
        {
            return generator.Bytes(generator.Below(64));
        }

        var at = generator.Below(snapshot.Length);
        return way switch
        {
            1 => snapshot[..at],
            2 => [.. snapshot, (byte)generator.Below(256)],
            _ => [.. snapshot[..at], (byte)generator.Below(256), .. snapshot[(at + 1)..]],
        };
    }

    private static void Run(InvocationGenerator generator, MachineUnderTest machine, int calls)
    {
        for (var i = 0; i < calls; i++)
        {
            generator.See(machine.Apply(generator.Next(), generator.NextContext()).Outcome);
        }
    }

    private void AssertSameBehaviour(InvocationGenerator generator, MachineUnderTest machine, MachineUnderTest other)
    {
        for (var i = 0; i < CallsPerRun; i++)
        {
            var call = generator.Next();
            var context = generator.NextContext();
            var answer = machine.Apply(call, context);
            generator.See(answer.Outcome);
            Assert.Equal(Bytes(answer.Outcome), Bytes(other.Apply(call, context).Outcome));
            Assert.Equal(machine.Snapshot(), other.Snapshot());
        }
    }

    private void AssertCommute(InvocationGenerator generator, MachineUnderTest machine, Invocation first, Invocation second)
    {
        var context = generator.NextContext();
        var (one, two) = (machine.Copy(), machine.Copy());
        var (firstInOne, secondInOne) = (one.Apply(first, context), one.Apply(second, context));
        var (secondInTwo, firstInTwo) = (two.Apply(second, context), two.Apply(first, context));
        Assert.Equal(WithoutStamps(firstInOne), WithoutStamps(firstInTwo));
        Assert.Equal(WithoutStamps(secondInOne), WithoutStamps(secondInTwo));
        if (AreEqual(firstInOne, firstInTwo) && AreEqual(secondInOne, secondInTwo))
        {
            Assert.Equal(one.Snapshot(), two.Snapshot());
        }

        foreach (var probe in Probes(generator))
        {
            Assert.Equal(WithoutStamps(one.Copy().Apply(probe, context)), WithoutStamps(two.Copy().Apply(probe, context)));
        }
    }

    // What can be asked with keys alone: the answers may differ in stamps and in nothing else.
    private IEnumerable<Invocation> Probes(InvocationGenerator generator)
    {
        foreach (var operation in Definition.Operations)
        {
            var others = operation.Parameters.Where(parameter => !operation.KeyParameters.Contains(parameter.Name, StringComparer.Ordinal));
            if (operation.Access == OperationAccess.Read)
            {
                yield return generator.Next(operation);
            }

            if (operation.KeyParameters.Count == 1 && others.All(static parameter => parameter.IsOptional))
            {
                foreach (var key in InvocationGenerator.Keys)
                {
                    var arguments = new Value[operation.Parameters.Count];
                    arguments[operation.IndexOf(operation.KeyParameters[0])] = Value.Of(key);
                    yield return new Invocation(operation, arguments);
                }
            }
        }
    }

    private void ForEachCall(Action<InvocationGenerator, MachineUnderTest, Invocation, ApplyContext> check) => ForEachRun((generator, machine) =>
    {
        for (var i = 0; i < CallsPerRun; i++)
        {
            check(generator, machine, generator.Next(), generator.NextContext());
        }
    });

    private void ForEachRun(Action<InvocationGenerator, MachineUnderTest> check)
    {
        for (var seed = 1; seed <= Runs; seed++)
        {
            try
            {
                check(new InvocationGenerator(Definition, seed), new MachineUnderTest(Machine, Settings));
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"Machine '{Definition.Name}', seed {seed}: {error.Message}", error);
            }
        }
    }

    private static bool AreEqual(Answer left, Answer right) => Bytes(left.Outcome).AsSpan().SequenceEqual(Bytes(right.Outcome));

    private static byte[] Bytes(Outcome outcome)
    {
        var writer = new WireWriter();
        outcome.Write(writer);
        return writer.ToArray();
    }

    private static string WithoutStamps(Answer answer) => answer.Outcome.IsDone
        ? string.Join(", ", answer.Operation.Fields.Zip(answer.Outcome.Fields.ToArray(), OutcomeRules.WithoutStamps))
        : answer.ToString();
}
