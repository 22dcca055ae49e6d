namespace Csmr.Services.Queues;

/// <summary>All queues, and the last number given to a job or as a token.</summary>
/// <param name="lastNumber">The last number; never goes down, so that none is given twice.</param>
internal sealed class QueueState(long lastNumber = 0)
{
    private OrderedMap<OrdinalKey, JobQueue> _queues = new();

    // The queues that carry this very object belong to this state alone and are changed in place.
    private object _owner = new();

    public long LastNumber { get; private set; } = lastNumber;

    /// <summary>The number of queues that are not empty.</summary>
    public int Count => _queues.Count;

    /// <summary>The queues that are not empty, in the order of their names.</summary>
    public IEnumerable<KeyValuePair<OrdinalKey, JobQueue>> Queues => _queues.All();

    public long NextNumber() => ++LastNumber;

    /// <summary>Numbers go on from one, where they are not beyond it.</summary>
    public void RaiseNumber(long lastNumber) => LastNumber = Math.Max(LastNumber, lastNumber);

    /// <summary>A copy, at once: a queue is copied when it is looked for to be changed, and its jobs one by one.</summary>
    public QueueState Copy()
    {
        _owner = new object();
        return new QueueState(LastNumber) { _queues = _queues.Copy() };
    }

    /// <summary>The queue of a name, to be changed; null where it is empty.</summary>
    public JobQueue? Find(string name)
    {
        if (!_queues.TryGet(name, out var queue))
        {
            return null;
        }

        if (!ReferenceEquals(queue.Owner, _owner))
        {
            queue = queue.Copy();
            Add(name, queue);
        }

        return queue;
    }

    public void Add(string name, JobQueue queue)
    {
        queue.Owner = _owner;
        _queues.Set(name, queue);
    }

    public void RemoveIfEmpty(string name)
    {
        if (_queues.TryGet(name, out var queue) && queue.IsEmpty)
        {
            _queues.Remove(name);
        }
    }
}
