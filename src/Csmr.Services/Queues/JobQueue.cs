namespace Csmr.Services.Queues;

/// <summary>A job, as it stands. Immutable, since copies of a queue share it.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Body">What is to be done: canonical JSON text.</param>
/// <param name="Id">Its own id; null where it has none.</param>
internal sealed record Job(long Number, byte[] Body, string? Id)
{
    /// <summary>How often it was given out.</summary>
    public long Attempts { get; init; }

    /// <summary>The fencing token of the holder; 0 where nobody has it.</summary>
    public long Token { get; init; }

    /// <summary>The end of the lease where it is held, else of the delay; 0 where it is ready.</summary>
    public long UntilMs { get; init; }

    public string State => Token > 0 ? "taken" : UntilMs > 0 ? "delayed" : "ready";
}

/// <summary>
/// One queue. Leases and delays that are over are settled at the beginning of each operation on it (<see cref="Settle"/>), so
/// that nothing but the operations on this queue decides about its state.
/// </summary>
/// <param name="attemptsMax">How often a job is given out.</param>
/// <param name="deadMax">The most dead jobs kept.</param>
internal sealed class JobQueue(long attemptsMax, long deadMax)
{
    private OrderedMap<long, Job> _jobs = new();
    private OrderedMap<long, bool> _ready = new();
    private OrderedMap<(long UntilMs, long Number), bool> _timed = new();
    private OrderedMap<OrdinalKey, long> _byId = new();

    // The dead by the order in which they died, and where each of them stands in it.
    private OrderedMap<long, Job> _dead = new();
    private OrderedMap<long, long> _deaths = new();
    private long _lastDeath;

    /// <summary>The state that may change this queue in place.</summary>
    public object? Owner { get; set; }

    /// <summary>The jobs that are not dead, in the order of their numbers.</summary>
    public IEnumerable<Job> Jobs => _jobs.All().Select(static pair => pair.Value);

    /// <summary>The job of the largest number that is not dead; null where there is none.</summary>
    public Job? Newest => _jobs.TryLast(out _, out var job) ? job : null;

    /// <summary>The number of jobs that are not dead.</summary>
    public int Count => _jobs.Count;

    /// <summary>The dead jobs that are kept, in the order in which they died.</summary>
    public IEnumerable<Job> Dead => _dead.All().Select(static pair => pair.Value);

    /// <summary>The number of dead jobs that are kept.</summary>
    public int DeadCount => _dead.Count;

    public int ReadyCount => _ready.Count;

    public int TakenCount => _timed.All().Count(timed => OfNumber(timed.Key.Number).Token > 0);

    public int DelayedCount => _timed.Count - TakenCount;

    public bool IsEmpty => _jobs.Count == 0 && _dead.Count == 0;

    /// <summary>A copy, at once.</summary>
    public JobQueue Copy() => new(attemptsMax, deadMax)
    {
        _jobs = _jobs.Copy(),
        _ready = _ready.Copy(),
        _timed = _timed.Copy(),
        _byId = _byId.Copy(),
        _dead = _dead.Copy(),
        _deaths = _deaths.Copy(),
        _lastDeath = _lastDeath,
    };

    /// <summary>The job of an id, dead or not.</summary>
    public Job? OfId(string id) => !_byId.TryGet(id, out var number) ? null : _jobs.TryGet(number, out var job) ? job : OfDead(number);

    /// <summary>The job that is held with a token.</summary>
    public Job? Held(long number, long token) => _jobs.TryGet(number, out var job) && job.Token > 0 && job.Token == token ? job : null;

    /// <summary>The job that is dead.</summary>
    public Job? OfDead(long number) => _deaths.TryGet(number, out var death) && _dead.TryGet(death, out var job) ? job : null;

    /// <summary>How many jobs are not dead at a time that is not settled yet.</summary>
    public int CountAt(long nowMs)
    {
        var over = _timed.All().TakeWhile(timed => timed.Key.UntilMs <= nowMs);
        var dying = over.Count(timed => OfNumber(timed.Key.Number) is { Token: > 0 } job && job.Attempts >= attemptsMax);
        return _jobs.Count - dying;
    }

    /// <summary>Ends the leases and delays that are over, the earliest first.</summary>
    public void Settle(long nowMs)
    {
        while (_timed.TryFirst(out var first, out _) && first.UntilMs <= nowMs)
        {
            var job = OfNumber(first.Number);
            if (job.Token > 0)
            {
                GiveBack(job, untilMs: 0);
            }
            else
            {
                Place(job, token: 0, untilMs: 0);
            }
        }
    }

    /// <summary>Puts a job in.</summary>
    public void Add(Job job)
    {
        _jobs.Set(job.Number, job);
        Register(job);
        Index(job);
    }

    /// <summary>Puts a job among the dead.</summary>
    public void AddDead(Job job)
    {
        Register(job);
        _dead.Set(++_lastDeath, job);
        _deaths.Set(job.Number, _lastDeath);
        if (_dead.Count > deadMax && _dead.TryFirst(out _, out var first))
        {
            Forget(first);
        }
    }

    /// <summary>The first job that is ready; null where there is none.</summary>
    public Job? FirstReady() => _ready.TryFirst(out var number, out _) ? OfNumber(number) : null;

    /// <summary>Gives a job out, or extends its lease.</summary>
    /// <returns>The job as it stands now.</returns>
    public Job Lease(Job job, long token, long untilMs) => Place(job, token, untilMs);

    /// <summary>A job was not done: ready again, or after a time; dead where it was the last attempt.</summary>
    /// <returns>Whether it is dead.</returns>
    public bool GiveBack(Job job, long untilMs)
    {
        if (job.Attempts < attemptsMax)
        {
            Place(job, token: 0, untilMs);
            return false;
        }

        Remove(job);
        AddDead(job with { Token = 0, UntilMs = 0 });
        return true;
    }

    /// <summary>Takes a job out that is not dead.</summary>
    public void Remove(Job job)
    {
        Unindex(job.Number);
        _jobs.Remove(job.Number);
        Unregister(job);
    }

    /// <summary>Takes a dead job out.</summary>
    public void Forget(Job job)
    {
        if (_deaths.Remove(job.Number, out var death))
        {
            _dead.Remove(death);
        }

        Unregister(job);
    }

    private Job OfNumber(long number) =>
        _jobs.TryGet(number, out var job) ? job : throw new InvalidOperationException($"job {number} is not in the queue");

    private Job Place(Job job, long token, long untilMs)
    {
        Unindex(job.Number);
        var placed = job with { Token = token, UntilMs = untilMs };
        _jobs.Set(job.Number, placed);
        Index(placed);
        return placed;
    }

    private void Index(Job job)
    {
        if (job.UntilMs == 0)
        {
            _ready.Set(job.Number, true);
        }
        else
        {
            _timed.Set((job.UntilMs, job.Number), true);
        }
    }

    // A job stands in the index by what the queue knows of it, whatever its caller has changed meanwhile.
    private void Unindex(long number)
    {
        var job = OfNumber(number);
        _ = job.UntilMs == 0 ? _ready.Remove(number) : _timed.Remove((job.UntilMs, number));
    }

    private void Register(Job job)
    {
        if (job.Id is not null)
        {
            _byId.Set(job.Id, job.Number);
        }
    }

    private void Unregister(Job job)
    {
        if (job.Id is not null)
        {
            _byId.Remove(job.Id);
        }
    }
}
