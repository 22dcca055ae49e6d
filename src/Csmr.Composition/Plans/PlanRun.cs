using Csmr.Composition.Json;
using Csmr.Composition.Model;

namespace Csmr.Composition.Plans;

/// <summary>What became of a step.</summary>
public enum StepState : byte
{
    /// <summary>The run has not come to it, or ended before.</summary>
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
public readonly record struct StepTrace(string Step, StepState State, GroupId? Group);

/// <summary>
/// One execution of a plan: hands out the steps in plan order, takes their outcomes and makes the answer f(D). Sans-I/O: the
/// caller sends each step and gives back what came. Not thread-safe.
/// </summary>
public sealed class PlanRun : IEvaluationScope
{
    private readonly OperationPlan _plan;
    private readonly Value[] _arguments;

    // Most plans have one step: its record lies in the run itself.
    private StepRecord _first;
    private readonly StepRecord[] _others;
    private int _next;
    private bool _isSent;
    private Outcome? _end;

    /// <summary>Starts a run.</summary>
    /// <param name="plan">The plan; not of a removed operation.</param>
    /// <param name="arguments">One value for each of the plan's parameters, as <see cref="ArgumentBinder"/> makes them. Kept, not changed.</param>
    public PlanRun(OperationPlan plan, Value[] arguments)
    {
        _plan = plan;
        _arguments = arguments;
        _others = plan.Steps.Count > 1 ? new StepRecord[plan.Steps.Count - 1] : [];
    }

    /// <summary>What became of each step so far, in plan order.</summary>
    public IReadOnlyList<StepTrace> Trace
    {
        get
        {
            var trace = new StepTrace[_plan.Steps.Count];
            for (var i = 0; i < trace.Length; i++)
            {
                ref var record = ref At(i);
                trace[i] = new StepTrace(_plan.Steps[i].Id, record.State, record.Group);
            }

            return trace;
        }
    }

    /// <summary>What was executed and answered so far, in plan order.</summary>
    public IEnumerable<Execution> Executions => Enumerable.Range(0, _plan.Steps.Count)
        .Select(step => At(step))
        .Where(static record => record is { Outcome: not null, Invocation: not null, Group: not null })
        .Select(static record => new Execution(record.Group!.Value, record.Invocation!, record.Outcome!));

    /// <summary>Goes on to the next step whose condition holds.</summary>
    /// <param name="call">The step to execute, to be answered by <see cref="Answer"/>.</param>
    /// <returns>False when the run is over and <see cref="Result"/> is known.</returns>
    /// <exception cref="InvalidOperationException">The step handed out before is not answered.</exception>
    public bool TryNext(out StepCall call)
    {
        if (_isSent)
        {
            throw new InvalidOperationException($"Step '{_plan.Steps[_next].Id}' is not answered yet.");
        }

        while (_end is null && _next < _plan.Steps.Count)
        {
            var step = _plan.Steps[_next];
            ref var record = ref At(_next);
            if (step.When is not null && !step.When.Holds(this))
            {
                record.State = StepState.Skipped;
                _next++;
                continue;
            }

            if (!TryBind(step, out var arguments))
            {
                record.State = StepState.Refused;
                break;
            }

            var group = step.Router.Route(arguments);
            var invocation = new Invocation(step.Operation, arguments);
            record = new StepRecord { State = StepState.Sent, Group = group, Invocation = invocation };
            _isSent = true;
            call = new StepCall(_next, step, group, invocation);
            return true;
        }

        call = default;
        return false;
    }

    /// <summary>Takes the outcome of the step handed out last. A refusal or fault ends the run.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <exception cref="InvalidOperationException">No step waits for an answer.</exception>
    public void Answer(Outcome outcome)
    {
        if (!_isSent)
        {
            throw new InvalidOperationException("No step waits for an answer.");
        }

        ref var record = ref At(_next);
        record.Outcome = outcome;
        record.State = outcome.Kind switch
        {
            OutcomeKind.Done => StepState.Done,
            OutcomeKind.Refused => StepState.Refused,
            _ => StepState.Faulted,
        };
        _isSent = false;
        _next++;
        if (!outcome.IsDone)
        {
            _end = outcome;
        }
    }

    /// <summary>The answer: f(D) over the outcomes, or the refusal or fault that ended the run.</summary>
    /// <returns>The outcome, with one field for each of the plan's fields.</returns>
    /// <exception cref="InvalidOperationException">The run is not over.</exception>
    public Outcome Result()
    {
        if (_end is null)
        {
            if (_isSent || _next < _plan.Steps.Count)
            {
                throw new InvalidOperationException("The run is not over.");
            }

            _end = new OutputFunction(_plan).Apply(this, _plan.Return is null ? _first.Outcome : null);
        }

        return _end;
    }

    /// <inheritdoc/>
    Value IEvaluationScope.Argument(int index) => _arguments[index];

    /// <inheritdoc/>
    Value IEvaluationScope.Field(int step, int field)
    {
        var outcome = At(step).Outcome;
        return outcome is { IsDone: true } && field < outcome.Fields.Length ? outcome.Fields[field] : Value.Null;
    }

    private bool TryBind(StepPlan step, out Value[] arguments)
    {
        if (IsClientsOwn(step.Arguments))
        {
            arguments = _arguments;
            return true;
        }

        arguments = Evaluate(step.Arguments);
        for (var i = 0; i < arguments.Length; i++)
        {
            var parameter = step.Operation.Parameters[i];
            if (ArgumentBounds.Find(parameter, arguments[i]) is { } problem)
            {
                _end = Outcome.Refused("step.invalid-argument", $"Step '{step.Id}' cannot call {step.Service}.{step.Operation.Name}: {problem.Message}");
                return false;
            }
        }

        return true;
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

    private Value[] Evaluate(IReadOnlyList<Expression> expressions)
    {
        var values = new Value[expressions.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = expressions[i].Evaluate(this);
        }

        return values;
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
