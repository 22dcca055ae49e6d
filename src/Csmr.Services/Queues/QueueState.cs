namespace Csmr.Services.Queues;

/// <summary>A job.</summary>
/// <param name="number">Its number.</param>
/// <param name="body">What is to be done: canonical JSON text.</param>
/// <param name="id">Its own id; null where it has none.</param>
internal sealed class Job(long number, byte[] body, string? id)
{
    public long Number { get; } = number;

    public byte[] Body { get; } = body;

    public string? Id { get; } = id;

    /// <summary>How often it was given out.</summary>
    public long Attempts { get; set; }

    /// <summary>The fencing token of the holder; 0 where nobody has it.</summary>
    public long Token { get; set; }

    /// <summary>The end of the lease where it is held, else of the delay; 0 where it is ready.</summary>
    public long UntilMs { get; set; }

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
    private readonly SortedDictionary<long, Job> _jobs = [];
    private readonly SortedSet<long> _ready = [];
    private readonly SortedSet<(long UntilMs, long Number)> _timed = [];
    private readonly Dictionary<string, Job> _byId = new(StringComparer.Ordinal);
    private readonly List<Job> _dead = [];

    /// <summary>The jobs that are not dead, in the order of their numbers.</summary>
    public IReadOnlyCollection<Job> Jobs => _jobs.Values;

    /// <summary>The dead jobs that are kept, in the order in which they died.</summary>
    public IReadOnlyList<Job> Dead => _dead;

    public int ReadyCount => _ready.Count;

    public int TakenCount => _timed.Count(timed => _jobs[timed.Number].Token > 0);

    public int DelayedCount => _timed.Count - TakenCount;

    public bool IsEmpty => _jobs.Count == 0 && _dead.Count == 0;

    /// <summary>The job of an id, dead or not.</summary>
    public Job? OfId(string id) => _byId.GetValueOrDefault(id);

    /// <summary>The job that is held with a token.</summary>
    public Job? Held(long number, long token) => _jobs.TryGetValue(number, out var job) && job.Token > 0 && job.Token == token ? job : null;

    /// <summary>The job that is dead.</summary>
    public Job? OfDead(long number) => _dead.Find(job => job.Number == number);

    /// <summary>How many jobs are not dead at a time that is not settled yet.</summary>
    public int CountAt(long nowMs)
    {
        var dying = _timed.TakeWhile(timed => timed.UntilMs <= nowMs).Count(timed => _jobs[timed.Number] is { Token: > 0 } job && job.Attempts >= attemptsMax);
        return _jobs.Count - dying;
    }

    /// <summary>Ends the leases and delays that are over, the earliest first.</summary>
    public void Settle(long nowMs)
    {
        while (_timed.Count > 0 && _timed.Min.UntilMs <= nowMs)
        {
            var job = _jobs[_timed.Min.Number];
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
        _jobs.Add(job.Number, job);
        Register(job);
        Place(job, job.Token, job.UntilMs);
    }

    /// <summary>Puts a job among the dead.</summary>
    public void AddDead(Job job)
    {
        Register(job);
        _dead.Add(job);
        if (_dead.Count > deadMax)
        {
            Forget(_dead[0]);
        }
    }

    /// <summary>The first job that is ready; null where there is none.</summary>
    public Job? FirstReady() => _ready.Count > 0 ? _jobs[_ready.Min] : null;

    /// <summary>Gives a job out, or extends its lease.</summary>
    public void Lease(Job job, long token, long untilMs) => Place(job, token, untilMs);

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
        (job.Token, job.UntilMs) = (0, 0);
        AddDead(job);
        return true;
    }

    /// <summary>Takes a job out that is not dead.</summary>
    public void Remove(Job job)
    {
        _ready.Remove(job.Number);
        _timed.Remove((job.UntilMs, job.Number));
        _jobs.Remove(job.Number);
        Unregister(job);
    }

    /// <summary>Takes a dead job out.</summary>
    public void Forget(Job job)
    {
        _dead.Remove(job);
        Unregister(job);
    }

    private void Place(Job job, long token, long untilMs)
    {
        _ready.Remove(job.Number);
        _timed.Remove((job.UntilMs, job.Number));
        (job.Token, job.UntilMs) = (token, untilMs);
        if (untilMs == 0)
        {
            _ready.Add(job.Number);
        }
        else
        {
            _timed.Add((untilMs, job.Number));
        }
    }

    private void Register(Job job)
    {
        if (job.Id is not null)
        {
            _byId.Add(job.Id, job);
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

/// <summary>All queues, and the last number given to a job or as a token.</summary>
/// <param name="lastNumber">The last number; never goes down, so that none is given twice.</param>
internal sealed class QueueState(long lastNumber = 0)
{
    private readonly Dictionary<string, JobQueue> _queues = new(StringComparer.Ordinal);

    public long LastNumber { get; private set; } = lastNumber;

    /// <summary>The queues that are not empty, in no order.</summary>
    public IReadOnlyDictionary<string, JobQueue> Queues => _queues;

    public long NextNumber() => ++LastNumber;

    public JobQueue? Find(string name) => _queues.GetValueOrDefault(name);

    public void Add(string name, JobQueue queue) => _queues.Add(name, queue);

    public void RemoveIfEmpty(string name)
    {
        if (_queues.TryGetValue(name, out var queue) && queue.IsEmpty)
        {
            _queues.Remove(name);
        }
    }
}
