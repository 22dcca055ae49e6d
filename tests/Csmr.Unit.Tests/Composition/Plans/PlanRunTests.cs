using Csmr.Composition.Plans;

namespace Csmr.Unit.Tests.Composition.Plans;

public sealed class PlanRunTests
{
    private static readonly FieldDefinition Ok = new("ok", ValueType.Bool, "");

    private static readonly OperationDefinition Check = Operation("check", [ParameterDefinition.Key("key", "")], Ok);

    private static readonly OperationDefinition Put = Operation(
        "put",
        [ParameterDefinition.Key("key", ""), new("value", ValueType.Json, "") { BytesMax = 30 }],
        Ok,
        new FieldDefinition("version", ValueType.Long, ""));

    [Fact]
    public void SingleStep_AnswerIsItsOutcome_AndArgumentsAreShared()
    {
        Value[] arguments = [Value.Of("k"), Value.OfJson("1"u8.ToArray())];
        var run = new PlanRun(Plan(Put.Parameters, Step("put", Put, Argument(0), Argument(1))), arguments);

        Assert.True(run.TryNext(out var call));
        Assert.Equal((0, "g-put"), (call.Index, call.Group.Name));
        Assert.Equal(arguments, call.Invocation.Arguments.ToArray());
        var outcome = Outcome.Done(Value.Of(true), Value.Of(3));
        run.Answer(outcome);
        Assert.False(run.TryNext(out _));
        Assert.Same(outcome, run.Result());
        Assert.Equal([new StepTrace("put", StepState.Done, new GroupId("g-put"), outcome)], run.Trace);
    }

    [Fact]
    public void Chain_LaterStepSeesEarlierOutcome_ReturnIsComputed()
    {
        var run = Chain();

        Assert.True(run.TryNext(out _));
        run.Answer(Outcome.Done(Value.Of(true)));
        Assert.True(run.TryNext(out var put));
        Assert.Equal("""{"at":"k","held":true}""", put.Invocation[1].ToString());
        run.Answer(Outcome.Done(Value.Of(true), Value.Of(8)));
        Assert.False(run.TryNext(out _));
        Assert.Equal([Value.OfJson("""{"ok":true,"version":8}"""u8.ToArray())], run.Result().Fields.ToArray());
    }

    [Fact]
    public void Chain_ConditionFalse_StepIsSkippedAndItsFieldsAreNull()
    {
        var run = Chain();

        Assert.True(run.TryNext(out _));
        run.Answer(Outcome.Done(Value.Of(false)));
        Assert.False(run.TryNext(out _));
        Assert.Equal("""{"ok":null,"version":null}""", run.Result().Fields[0].ToString());
        Assert.Equal([StepState.Done, StepState.Skipped], run.Trace.Select(static step => step.State));
    }

    [Fact]
    public void Chain_Refusal_EndsTheRunAndIsTheResult()
    {
        var run = Chain();

        Assert.True(run.TryNext(out _));
        Assert.Equal(StepState.Sent, run.Trace[0].State);
        var refusal = Outcome.Refused("lock.held", "held");
        run.Answer(refusal);
        Assert.False(run.TryNext(out _));
        Assert.Same(refusal, run.Result());
        Assert.Equal([StepState.Refused, StepState.NotReached], run.Trace.Select(static step => step.State));
    }

    [Fact]
    public void Chain_ComputedArgumentTooLong_IsRefusedBeforeItIsSent()
    {
        var run = Chain(new string('k', 40));

        Assert.True(run.TryNext(out _));
        run.Answer(Outcome.Done(Value.Of(true)));
        Assert.False(run.TryNext(out _));
        Assert.Equal((OutcomeKind.Refused, "step.invalid-argument"), (run.Result().Kind, run.Result().Code));
        Assert.Equal(StepState.Refused, run.Trace[1].State);
    }

    [Fact]
    public void Misuse_IsNotTaken()
    {
        var run = Chain();

        Assert.Throws<InvalidOperationException>(() => run.Answer(Outcome.Done()));
        Assert.Throws<InvalidOperationException>(run.Result);
        Assert.True(run.TryNext(out _));
        Assert.Throws<InvalidOperationException>(() => run.TryNext(out _));
    }

    [Fact]
    public void SingleStep_Allocates_AlmostNothing()
    {
        var plan = Plan(Put.Parameters, Step("put", Put, Argument(0), Argument(1)));
        Value[] arguments = [Value.Of("k"), Value.OfJson("1"u8.ToArray())];
        var outcome = Outcome.Done(Value.Of(true), Value.Of(3));
        Run(); // Compiled before it is measured.
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Run();
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 0, 200);

        void Run()
        {
            var run = new PlanRun(plan, arguments);
            run.TryNext(out _);
            run.Answer(outcome);
            run.TryNext(out _);
            run.Result();
        }
    }

    private static PlanRun Chain(string key = "k")
    {
        var body = new RecordExpression([new("at", Argument(0)), new("held", Field(0, 0, ValueType.Bool))], ValueType.Json);
        var answer = new RecordExpression([new("ok", Field(1, 0, ValueType.Bool)), new("version", Field(1, 1, ValueType.Long))], ValueType.Json);
        var plan = Plan(
            [ParameterDefinition.Key("key", "")],
            Step("held", Check, Argument(0)),
            Step("put", Put, Argument(0), body) with { When = Field(0, 0, ValueType.Bool) }) with
        {
            Return = [answer],
        };
        return new PlanRun(plan, [Value.Of(key)]);
    }

    private static ArgumentExpression Argument(int index) => new(index, ValueType.String);

    private static FieldExpression Field(int step, int field, ValueType type) => new(step, field, type);

    private static OperationDefinition Operation(string name, ParameterDefinition[] parameters, params FieldDefinition[] fields) =>
        new() { Name = name, Summary = "", Access = OperationAccess.Update, Parameters = parameters, Fields = fields };

    private static StepPlan Step(string id, OperationDefinition operation, params Expression[] arguments) => new()
    {
        Id = id,
        Service = id,
        Operation = operation,
        Arguments = arguments,
        Router = new SingleRouter(new GroupId($"g-{id}")),
    };

    private static OperationPlan Plan(IReadOnlyList<ParameterDefinition> parameters, params StepPlan[] steps) => new()
    {
        Name = "x",
        Service = "s",
        Summary = "",
        Access = OperationAccess.Update,
        Parameters = parameters,
        Fields = [Ok],
        Consistency = Consistency.Independent,
        Steps = steps,
    };
}
