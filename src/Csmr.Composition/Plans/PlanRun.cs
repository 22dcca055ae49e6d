using Csmr.Composition.Json;
using Csmr.Composition.Model;
using Csmr.Composition.Programs;

namespace Csmr.Composition.Plans;

/// <summary>What became of a step.</summary>
public enum StepState : byte
{
    /// <summary>The run has not come to it, or a step that it awaits ended the operation.</summary>
    NotReached = 0,

    /// <summary>Its condition was false.</summary>
    Skipped = 1,

    /// <summary>It was handed out and is not answered yet.</summary>
    Sent = 2,

    /// <summary>Executed and answered.</summary>
    Done = 3,

    /// <summary>Refused by its state machine, or by the run because its arguments do not fit.</summary>
    Refused = 4,

    /// <summary>A defect was met.</summary>
    Faulted = 5,
}

/// <summary>One step to be executed.</summary>
/// <param name="Index">Its position in the plan; the step of its request id.</param>
/// <param name="Step">The step.</param>
/// <param name="Group">The group that owns its arguments.</param>
/// <param name="Invocation">The operation of the state machine with its arguments.</param>
public readonly record struct StepCall(int Index, StepPlan Step, GroupId Group, Invocation Invocation);

/// <summary>What became of one step of a run.</summary>
/// <param name="Step">The step's name.</param>
/// <param name="State">What became of it.</param>
/// <param name="Group">The group it was sent to; null where it was not sent.</param>
/// <param name="Outcome">What it was answered; null where it was not.</param>
/// <param name="EndedBy">Where it was not reached because another step ended the operation, the name of that step.</param>
public readonly record struct StepTrace(string Step, StepState State, GroupId? Group, Outcome? Outcome = null, string? EndedBy = null);

/// <summary>
/// One execution of a plan. Either it hands out the steps in plan order and takes their outcomes (<see cref="TryNext"/>,
/// <see cref="Answer"/>), or its <see cref="Call"/> is run by the groups themselves and it takes the ends of the steps
/// (<see cref="Settle"/>). The same rules hold in both (<see cref="StepOrder"/>), and it makes the answer f(D). Sans-I/O; not
/// thread-safe.
/// </summary>
public sealed class PlanRun : IEvaluationScope
{
    private readonly OperationPlan _plan;
    private readonly Value[] _arguments;

    // Most calls are one step that takes the client's arguments as they are: they need no program, and their record lies in
    // the run itself.
    private readonly bool _isPlain;
    private StepRecord _first;
    private readonly StepRecord[] _others;
    private CompositeCall? _call;
    private ProgramRun? _run;
    private int _next;
    private bool _isSent;
    private Outcome? _result;

    /// <summary>Starts a run.</summary>
    /// <param name="plan">The plan; not of a removed operation.</param>
    /// <param name="arguments">One value for each of the plan's parameters, as <see cref="ArgumentBinder"/> makes them. Kept, not changed.</param>
    public PlanRun(OperationPlan plan, Value[] arguments)
    {
        (_plan, _arguments) = (plan, arguments);
        _isPlain = plan.Return is null && plan.Steps is [{ When: null, OnRefusal: RefusalRule.Stop } only] && IsClientsOwn(only.Arguments);
        _others = plan.Steps.Count > 1 ? new StepRecord[plan.Steps.Count - 1] : [];
        if (!_isPlain)
        {
            SkipRuledOut();
        }
    }

    /// <summary>The call as the groups run it.</summary>
    public CompositeCall Call => _call ??= CompositeCall.Of(_plan, _arguments);

    /// <summary>What became of each step so far, in plan order.</summary>
    public IReadOnlyList<StepTrace> Trace
    {
        get
        {
            var trace = new StepTrace[_plan.Steps.Count];
            for (var i = 0; i < trace.Length; i++)
            {
                ref var record = ref At(i);
                trace[i] = new StepTrace(_plan.Steps[i].Id, record.State, record.Group, record.Outcome);
            }

            for (var step = 0; step < _run?.Program.Steps.Count; step++)
            {
                if (_run.EndedBy(step) is { } cause)
                {
                    ref var entry = ref trace[Call.PlanSteps[step]];
                    entry = entry with { EndedBy = _run.Program.Steps[cause].Id };
                }
            }

            return trace;
        }
    }

    /// <summary>What was executed and answered so far, in plan order.</summary>
    public IEnumerable<Execution> Executions => Enumerable.Range(0, _plan.Steps.Count)
        .Select(step => At(step))
        .Where(static record => record is { Outcome: not null, Invocation: not null, Group: not null })
        .Select(static record => new Execution(record.Group!.Value, record.Invocation!, record.Outcome!));

    private ProgramRun Run => _run ??= new ProgramRun(Call.Program);

    /// <summary>Goes on to the next step that is to be executed.</summary>
    /// <param name="call">The step to execute, to be answered by <see cref="Answer"/>.</param>
    /// <returns>False when the run is over and <see cref="Result"/> is known.</returns>
    /// <exception cref="InvalidOperationException">The step handed out before is not answered.</exception>
    public bool TryNext(out StepCall call)
    {
        if (_isSent)
        {
            throw new InvalidOperationException($"Step '{_plan.Steps[_next].Id}' is not answered yet.");
        }

        call = default;
        if (_isPlain)
        {
            return _next == 0 && Send(0, _plan.Steps[0].Router.Route(_arguments), _arguments, out call);
        }

        for (; _next < Call.PlanSteps.Count; _next++)
        {
            // All before it have ended, so it is its turn.
            Run.TryTurn(_next, out var turn);
            if (turn.Decided is not { } end)
            {
                return Send(Call.PlanSteps[_next], Call.Destinations[Call.Program.Steps[_next].Group], turn.Arguments, out call);
            }

            Settle(_next, end);
        }

        return false;
    }

    /// <summary>Takes the outcome of the step handed out last.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <exception cref="InvalidOperationException">No step waits for an answer.</exception>
    public void Answer(Outcome outcome)
    {
        if (!_isSent)
        {
            throw new InvalidOperationException("No step waits for an answer.");
        }

        _isSent = false;
        if (_isPlain)
        {
            (_first.State, _first.Outcome, _result) = (StepEnd.Of(outcome).State, outcome, outcome);
        }
        else
        {
            Settle(_next, StepEnd.Of(outcome));
        }

        _next++;
    }

    /// <summary>Takes the end of a step that a group has executed or decided by itself.</summary>
    /// <param name="step">The step's position in the program of <see cref="Call"/>.</param>
    /// <param name="end">Its end.</param>
    /// <exception cref="InvalidOperationException">It had one.</exception>
    public void Settle(int step, StepEnd end)
    {
        Run.Settle(step, end);
        ref var record = ref At(Call.PlanSteps[step]);
        (record.State, record.Outcome) = (end.State, end.Outcome);
        if (end.State is not (StepState.Skipped or StepState.NotReached))
        {
            record.Group ??= Call.Destinations[Call.Program.Steps[step].Group];
        }
    }

    /// <summary>The answer: f(D) over the outcomes, or the refusal or fault that ended the run.</summary>
    /// <returns>The outcome, with one field for each of the plan's fields.</returns>
    /// <exception cref="InvalidOperationException">The run is not over.</exception>
    public Outcome Result()
    {
        if (_result is null)
        {
            if (_isPlain || _isSent || !Run.IsOver)
            {
                throw new InvalidOperationException("The run is not over.");
            }

            _result = Run.Ending() ?? new OutputFunction(_plan).Apply(this, _plan.Return is null ? _first.Outcome : null);
        }

        return _result;
    }

    /// <inheritdoc/>
    Value IEvaluationScope.Argument(int index) => _arguments[index];

    /// <inheritdoc/>
    Value IEvaluationScope.Field(int step, int field)
    {
        var outcome = At(step).Outcome;
        return outcome is { IsDone: true } && field < outcome.Fields.Length ? outcome.Fields[field] : Value.Null;
    }

    /// <inheritdoc/>
    Value IEvaluationScope.Refusal(int step) =>
        At(step).Outcome is { Kind: OutcomeKind.Refused } outcome ? Value.Of(outcome.Code) : Value.Null;

    /// <summary>What was executed stays executed: in the answer alone, such a number is null.</summary>
    Value IEvaluationScope.Overflow() => Value.Null;

    private bool Send(int step, GroupId group, Value[] arguments, out StepCall call)
    {
        var invocation = new Invocation(_plan.Steps[step].Operation, arguments);
        At(step) = new StepRecord { State = StepState.Sent, Group = group, Invocation = invocation };
        _isSent = true;
        call = new StepCall(step, _plan.Steps[step], group, invocation);
        return true;
    }

    private void SkipRuledOut()
    {
        var reached = 0;
        for (var step = 0; step < _plan.Steps.Count; step++)
        {
            if (reached < Call.PlanSteps.Count && Call.PlanSteps[reached] == step)
            {
                reached++;
            }
            else
            {
                At(step).State = StepState.Skipped;
            }
        }
    }

    /// <summary>Whether a step's arguments are the client's, in the client's order: then the array is shared.</summary>
    private bool IsClientsOwn(IReadOnlyList<Expression> expressions)
    {
        if (expressions.Count != _arguments.Length)
        {
            return false;
        }

        for (var i = 0; i < expressions.Count; i++)
        {
            if (expressions[i] is not ArgumentExpression argument || argument.Index != i)
            {
                return false;
            }
        }

        return true;
    }

    private ref StepRecord At(int step)
    {
        if (step == 0)
        {
            return ref _first;
        }

        return ref _others[step - 1];
    }

    private struct StepRecord
    {
        public StepState State;
        public GroupId? Group;
        public Invocation? Invocation;
        public Outcome? Outcome;
    }
}
