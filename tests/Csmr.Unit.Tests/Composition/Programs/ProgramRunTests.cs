using Csmr.Composition.Plans;
using Csmr.Composition.Programs;

namespace Csmr.Unit.Tests.Composition.Programs;

/// <summary>The groups, each on its own with results exchanged in any order, do the same as one after the other.</summary>
public sealed class ProgramRunTests
{
    [Fact]
    public void Groups_OnTheirOwn_DoTheSameAsStepByStep()
    {
        var (atOnce, refused, faulted, skipped, notReached) = (0, 0, 0, 0, 0);
        for (var seed = 0; seed < 4000; seed++)
        {
            var call = new RandomCall(seed);
            var (one, executedInTurn) = StepByStep(call);
            var (other, executedByGroups, wasAtOnce) = ByGroups(call, new Random(seed + 1));

            Assert.Equal(executedInTurn, executedByGroups.Order(StringComparer.Ordinal));
            Assert.Equal(one.Trace.Select(TextOf), other.Trace.Select(TextOf));
            Assert.Equal(TextOf(one.Result()), TextOf(other.Result()));
            atOnce += wasAtOnce ? 1 : 0;
            refused += one.Trace.Count(static step => step.State == StepState.Refused);
            faulted += one.Trace.Count(static step => step.State == StepState.Faulted);
            skipped += one.Trace.Count(static step => step.State == StepState.Skipped);
            notReached += one.Trace.Count(static step => step.State == StepState.NotReached);
        }

        // Everything that may happen did.
        Assert.All((int[])[atOnce, refused, faulted, skipped, notReached], static count => Assert.InRange(count, 200, int.MaxValue));
    }

    [Fact]
    public void PutAndAppendOfWhatIsKnown_AwaitNothing_AndRunAtOnce()
    {
        var plan = Operation("""
              put:
                steps:
                  - {id: put, call: store.put}
                  - {id: entry, call: audit.append, with: {entry: {put: $in.key}}}
                return: {version: $put.version, index: $entry.index}
            """);
        var small = CompositeCall.Of(plan, [Value.Of("k"), Value.OfJson("\"v\""u8.ToArray())]);
        var large = CompositeCall.Of(plan, [Value.Of("k"), Value.OfJson("\"larger than allowed\""u8.ToArray())]);

        Assert.Equal(["audit", "store"], small.Destinations.Select(static group => group.Name));
        Assert.Empty(small.Program.AwaitedBy(1));
        Assert.Equal([0], large.Program.AwaitedBy(1));
        var run = new ProgramRun(small.Program);
        Assert.True(run.TryNext(0, out var entry));
        Assert.True(run.TryNext(1, out var put));
        Assert.Equal("""{"put":"k"}""", entry.Arguments[0].ToString());
        Assert.Equal(0, put.Index);
        Assert.False(run.IsNeededBy(0, 0));
        Assert.InRange(small.Program.ToBytes().Length, 1, 60);
    }

    [Fact]
    public void Chain_LaterGroup_WaitsForTheResultItNeeds_AndPreviewsWhatItKnows()
    {
        var plan = Operation("""
              put:
                in: {key: string, value: json, token: long}
                steps:
                  - {id: held, call: locks.check}
                  - {id: put, call: store.put, when: $held.ok}
                  - {id: entry, call: audit.append, with: {entry: {version: $put.version}}, when: $put.ok}
                return: $entry.index
            """);
        var call = CompositeCall.Of(plan, [Value.Of("k"), Value.OfJson("1"u8.ToArray()), Value.Of(7)]);
        var run = new ProgramRun(CompositeProgram.Read(call.Program.ToBytes()));

        Assert.Equal(["audit", "locks", "store"], call.Destinations.Select(static group => group.Name));
        Assert.False(run.TryNext(2, out _));
        Assert.True(run.IsNeededBy(0, 2));
        Assert.False(run.IsNeededBy(0, 0));
        Assert.Equal([Value.Of("k"), Value.OfJson("1"u8.ToArray())], run.Preview(1)!);
        Assert.Null(run.Preview(2));
        run.Settle(0, StepEnd.Of(Outcome.Done(Value.Of(false))));
        Assert.True(run.TryNext(2, out var put));
        Assert.Equal(StepEnd.Skipped, put.Decided);
        run.Settle(1, StepEnd.Skipped);
        Assert.True(run.IsFinished(2));
        Assert.True(run.TryNext(0, out var entry));
        Assert.Equal(StepEnd.Skipped, entry.Decided);
        Assert.Throws<InvalidOperationException>(() => run.Settle(0, StepEnd.Skipped));
    }

    [Fact]
    public void StepsThatTheArgumentsRuleOut_AreNotInTheProgram()
    {
        var plan = Operation("""
              put:
                in: {key: string, value: json, note: {type: string, optional: true}}
                steps:
                  - {id: put, call: store.put}
                  - {id: entry, call: audit.append, with: {entry: $in.note}, when: {not: {equals: [$in.note, null]}}}
                  - {id: second, call: audit.append, with: {entry: $entry.index}, when: {not: {equals: [$entry.index, null]}}}
                return: {first: $entry.index, second: $second.index}
            """);
        var run = new PlanRun(plan, [Value.Of("k"), Value.OfJson("1"u8.ToArray()), Value.Null]);

        Assert.Equal(["store"], run.Call.Destinations.Select(static group => group.Name));
        Assert.Equal([StepState.NotReached, StepState.Skipped, StepState.Skipped], run.Trace.Select(static step => step.State));
        run.Settle(0, StepEnd.Of(Outcome.Done(Value.Of(true), Value.Of(1))));
        Assert.Equal("""{"first":null,"second":null}""", run.Result().Fields[0].ToString());
    }

    internal static (PlanRun Run, IEnumerable<string> Executed) StepByStep(RandomCall call)
    {
        var executed = new List<string>();
        var run = new PlanRun(call.Plan, call.Arguments);
        while (run.TryNext(out var step))
        {
            var arguments = step.Invocation.Arguments;
            executed.Add(TextOf(step.Group.Name, step.Invocation.Operation.Name, arguments));
            run.Answer(call.Answer(step.Invocation.Operation.Name, arguments));
        }

        return (run, executed.Order(StringComparer.Ordinal));
    }

    /// <summary>Every group has a copy of its own; results reach only the groups that need them, late and in any order.</summary>
    private static (PlanRun Run, List<string> Executed, bool WasAtOnce) ByGroups(RandomCall call, Random random)
    {
        var run = new PlanRun(call.Plan, call.Arguments);
        var bytes = run.Call.Program.ToBytes();
        var groups = run.Call.Destinations.Select(_ => new ProgramRun(CompositeProgram.Read(bytes))).ToArray();
        var onTheWay = new List<(int Group, int Step, StepEnd End)>();
        var executed = new List<string>();
        var wasAtOnce = false;
        while (onTheWay.Count > 0 || groups.Index().Any(static group => !group.Item.IsFinished(group.Index)))
        {
            var ready = groups.Index().Where(static group => group.Item.TryNext(group.Index, out _)).Select(static group => group.Index).ToArray();
            wasAtOnce |= ready.Length > 1;
            Assert.True(ready.Length > 0 || onTheWay.Count > 0, "nobody can go on");
            if (ready.Length == 0 || (onTheWay.Count > 0 && random.Next(2) == 0))
            {
                var next = random.Next(onTheWay.Count);
                var (to, known, result) = onTheWay[next];
                onTheWay.RemoveAt(next);
                groups[to].Settle(known, result);
                continue;
            }

            var at = ready[random.Next(ready.Length)];
            groups[at].TryNext(at, out var turn);
            var operation = groups[at].Program.Steps[turn.Index].Operation;
            if (turn.Decided is null)
            {
                executed.Add(TextOf(run.Call.Destinations[at].Name, operation, turn.Arguments));
            }

            var end = turn.Decided ?? StepEnd.Of(call.Answer(operation, turn.Arguments));
            groups[at].Settle(turn.Index, end);
            run.Settle(turn.Index, end);
            onTheWay.AddRange(groups.Index().Where(group => group.Index != at && groups[at].IsNeededBy(turn.Index, group.Index)).Select(group => (group.Index, turn.Index, end)));
        }

        return (run, executed, wasAtOnce);
    }

    private static OperationPlan Operation(string operation)
    {
        var result = Repository.CompileText($"""
            apiVersion: csmr/v1
            kind: Composition
            metadata: {"{name: test}"}
            defaults: {"{consistency: independent}"}
            services: {"{store: {machine: kv, settings: {valueBytesMax: 10}}, audit: {machine: log}, locks: {machine: lock}}"}
            compose:
              api:
                extend: store
                operations:
            {string.Join('\n', operation.Split('\n').Select(static line => "    " + line))}
            expose: [api, audit, locks]
            """);
        Assert.DoesNotContain(result.Findings, static finding => finding.Severity == Csmr.Composition.Findings.Severity.Error);
        return result.Plan!.Operations.Single(static plan => plan.Name == "put");
    }

    private static string TextOf(string group, string operation, ReadOnlySpan<Value> arguments) =>
        $"{group} {operation}({string.Join(", ", arguments.ToArray().Select(static argument => $"{argument.Kind} {argument}"))})";

    private static string TextOf(StepTrace step) => $"{step.Step} {step.State} {step.Group} {(step.Outcome is null ? "" : TextOf(step.Outcome))}";

    private static string TextOf(Outcome outcome) => $"{outcome.Kind} {outcome.Code} {string.Join(", ", outcome.Fields.ToArray().Select(static field => $"{field.Kind} {field}"))}";
}
