using System.Buffers;

namespace Csmr.Services.Queues;

/// <summary>The <c>queue</c> machine: queues of jobs with leases, fencing tokens, a number of attempts, and dead letters.</summary>
public sealed class QueueMachineType : IStateMachineType
{
    /// <inheritdoc/>
    public MachineDefinition Definition => QueueOperations.Machine;

    /// <inheritdoc/>
    public IStateMachine Create(MachineSettings settings) => new QueueMachine(settings);
}

internal sealed class QueueMachine(MachineSettings settings) : IItemizedStateMachine
{
    private readonly long _leaseSecondsDefault = settings[QueueOperations.LeaseSecondsDefault].AsLong();
    private readonly long _attemptsMax = settings[QueueOperations.AttemptsMax].AsLong();
    private readonly long _jobsMax = settings[QueueOperations.JobsMax].AsLong();
    private readonly long _deadMax = settings[QueueOperations.DeadMax].AsLong();
    private readonly long _bodyBytesMax = settings[QueueOperations.BodyBytesMax].AsLong();

    private QueueState _state = new();

    public Outcome Apply(Invocation invocation, in ApplyContext context)
    {
        var name = invocation[0].AsString();
        var queue = _state.Find(name) ?? NewQueue();
        if (invocation.Operation.Name == QueueOperations.Enqueue && Refusal(queue, invocation[1].AsJson().Length, context.TimeMs) is { } refusal)
        {
            return refusal; // Before anything else, since a refusal changes nothing.
        }

        queue.Settle(context.TimeMs);
        var outcome = Apply(invocation, name, queue, context.TimeMs);
        _state.RemoveIfEmpty(name);
        return outcome;
    }

    public Footprint FootprintOf(Invocation invocation) => Footprint.Write(invocation[0].AsString());

    public void Snapshot(IBufferWriter<byte> output) => QueueCodec.Write(_state, output);

    public IStateView Capture() => new StateView<QueueState>(_state.Copy(), QueueCodec.Write);

    public void Restore(ReadOnlyMemory<byte> snapshot) => _state = QueueCodec.Read(snapshot, NewQueue);

    public IEnumerable<StateItem> CaptureItems() => QueueCodec.Items(_state.Copy());

    public void Take(StateItem item) => QueueCodec.Take(item, _state, NewQueue);

    public void Succeed(IStateMachine former) => _state.RaiseNumber(((QueueMachine)former)._state.LastNumber);

    private JobQueue NewQueue() => new(_attemptsMax, _deadMax);

    private Outcome Apply(Invocation invocation, string name, JobQueue queue, long nowMs) => invocation.Operation.Name switch
    {
        QueueOperations.Enqueue => Enqueue(name, queue, invocation, nowMs),
        QueueOperations.Take => Take(queue, End(invocation[1], nowMs)),
        QueueOperations.Extend => Extend(queue, Held(queue, invocation), End(invocation[3], nowMs)),
        QueueOperations.Complete => Complete(queue, Held(queue, invocation)),
        QueueOperations.Abandon => Abandon(queue, Held(queue, invocation), Delay(invocation[3], nowMs)),
        QueueOperations.Redrive => Redrive(queue, queue.OfDead(invocation[1].AsLong())),
        QueueOperations.Discard => Discard(queue, queue.OfDead(invocation[1].AsLong())),
        QueueOperations.Stats => Outcome.Done(Value.Of(queue.ReadyCount), Value.Of(queue.TakenCount), Value.Of(queue.DelayedCount), Value.Of(queue.DeadCount)),
        QueueOperations.Peek => Show(queue.Jobs, invocation[1], withState: true),
        QueueOperations.Dead => Show(queue.Dead, invocation[1], withState: false),
        var other => throw new ArgumentException($"The queue has no operation '{other}'.", nameof(invocation)),
    };

    private Outcome? Refusal(JobQueue queue, int bodyBytes, long nowMs)
    {
        if (bodyBytes > _bodyBytesMax)
        {
            return Outcome.Refused(QueueOperations.BodyTooLarge, $"The body has {bodyBytes} bytes; at most {_bodyBytesMax} are allowed.");
        }

        return queue.CountAt(nowMs) >= _jobsMax
            ? Outcome.Refused(QueueOperations.Full, $"The queue has {_jobsMax} jobs, as many as are allowed.")
            : null;
    }

    private Outcome Enqueue(string name, JobQueue queue, Invocation invocation, long nowMs)
    {
        var id = invocation[2].IsNull ? null : invocation[2].AsString();
        if (id is not null && queue.OfId(id) is { } present)
        {
            return Outcome.Done(Value.Of(present.Number), Value.Of(false));
        }

        if (queue.IsEmpty)
        {
            _state.Add(name, queue);
        }

        var job = new Job(_state.NextNumber(), invocation[1].AsJson(), id) { UntilMs = Delay(invocation[3], nowMs) };
        queue.Add(job);
        return Outcome.Done(Value.Of(job.Number), Value.Of(true));
    }

    private Outcome Take(JobQueue queue, long untilMs)
    {
        if (queue.FirstReady() is not { } job)
        {
            return Outcome.Done(Value.Null, Value.Null, Value.Null, Value.Null, Value.Null);
        }

        job = queue.Lease(job with { Attempts = job.Attempts + 1 }, _state.NextNumber(), untilMs);
        return Outcome.Done(Value.Of(job.Number), Value.OfJson(job.Body), Value.Of(job.Token), Value.Of(job.Attempts), Value.Of(untilMs));
    }

    private static Outcome Extend(JobQueue queue, Job? job, long untilMs)
    {
        if (job is null)
        {
            return Outcome.Done(Value.Of(false), Value.Null);
        }

        queue.Lease(job, job.Token, untilMs);
        return Outcome.Done(Value.Of(true), Value.Of(untilMs));
    }

    private static Outcome Complete(JobQueue queue, Job? job)
    {
        if (job is not null)
        {
            queue.Remove(job);
        }

        return Outcome.Done(Value.Of(job is not null));
    }

    private static Outcome Abandon(JobQueue queue, Job? job, long untilMs) =>
        Outcome.Done(Value.Of(job is not null), Value.Of(job is not null && queue.GiveBack(job, untilMs)));

    private Outcome Redrive(JobQueue queue, Job? job)
    {
        var hasRoom = job is not null && queue.Count < _jobsMax;
        if (hasRoom)
        {
            queue.Forget(job!);
            queue.Add(job! with { Attempts = 0 });
        }

        return Outcome.Done(Value.Of(hasRoom));
    }

    private static Outcome Discard(JobQueue queue, Job? job)
    {
        if (job is not null)
        {
            queue.Forget(job);
        }

        return Outcome.Done(Value.Of(job is not null));
    }

    private static Outcome Show(IEnumerable<Job> jobs, Value limit, bool withState)
    {
        var most = limit.IsNull ? QueueOperations.AnswerJobsMax : (int)Math.Clamp(limit.AsLong(), 1, QueueOperations.AnswerJobsMax);
        var list = new JsonBuilder().BeginList();
        var bytes = 0;
        foreach (var job in jobs.Take(most))
        {
            bytes += job.Body.Length;
            if (bytes > QueueOperations.AnswerBytesMax && bytes > job.Body.Length)
            {
                break;
            }

            list.BeginObject().Member("job").Number(job.Number).Member("body").Raw(job.Body);
            if (withState)
            {
                list.Member("state").Text(job.State);
            }

            list.Member("attempts").Number(job.Attempts).EndObject();
        }

        return Outcome.Done(list.EndList().ToValue());
    }

    private static Job? Held(JobQueue queue, Invocation invocation) => queue.Held(invocation[1].AsLong(), invocation[2].AsLong());

    private long End(Value leaseSeconds, long nowMs) => After(leaseSeconds.IsNull ? _leaseSecondsDefault : leaseSeconds.AsLong(), nowMs);

    private static long Delay(Value delaySeconds, long nowMs) => delaySeconds.IsNull ? 0 : After(delaySeconds.AsLong(), nowMs);

    private static long After(long seconds, long nowMs) =>
        nowMs + Math.Min(Math.Clamp(seconds, 1, QueueOperations.SecondsMax) * 1000, long.MaxValue - nowMs);
}
