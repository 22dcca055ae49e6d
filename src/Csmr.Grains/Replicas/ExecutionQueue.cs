using Csmr.Replication.Paxos;

namespace Csmr.Grains.Replicas;

/// <summary>
/// Hands chosen entries and ready reads to the replica grain: in order, one parcel in flight at a time, while the next one
/// gathers. Used within the log grain's turns only.
/// </summary>
/// <param name="replica">The replica grain.</param>
/// <param name="open">Who waits for answers.</param>
/// <param name="outgoing">Told what lies in the outboxes.</param>
/// <param name="fail">Called when executing has failed: the replica stops.</param>
internal sealed class ExecutionQueue(
    IReplicaGrain replica, OpenCalls open, Action<IReadOnlyList<(GroupId To, long Oldest, long Newest)>> outgoing, Action<Exception> fail)
{
    private const int DeliveriesPerParcelMax = 256;

    private readonly Queue<Delivery> _deliveries = new();
    private readonly Queue<(PendingRead Read, long After)> _reads = new();
    private readonly List<PendingRead> _awaits = [];
    private (Slot Slot, long After)? _restore;
    private long _added;
    private long _taken;
    private bool _isFlying;
    private bool _isStopped;

    /// <summary>The last applied slot.</summary>
    public long AppliedUpTo { get; private set; }

    /// <summary>Queues that the state is replaced by a snapshot, behind all entries that were queued so far.</summary>
    /// <param name="slot">Its slot.</param>
    public void Restore(Slot slot) => _restore = (slot, _added);

    /// <summary>Queues chosen entries.</summary>
    /// <param name="deliveries">The entries, in slot order.</param>
    public void Add(List<Delivery> deliveries)
    {
        foreach (var delivery in deliveries)
        {
            _deliveries.Enqueue(delivery);
        }

        _added += deliveries.Count;
    }

    /// <summary>Queues reads behind all entries that were queued so far.</summary>
    /// <param name="tokens">Their tokens.</param>
    public void AddReads(List<long> tokens)
    {
        foreach (var token in tokens)
        {
            if (open.BatchOf(token) is { } batch)
            {
                _reads.Enqueue((new PendingRead(token, batch), _added));
            }
        }
    }

    /// <summary>Queues a question how requests stand.</summary>
    /// <param name="wait">The question.</param>
    public void AddAwait(in PendingRead wait) => _awaits.Add(wait);

    /// <summary>Nothing more is sent: another replica takes this one's place here.</summary>
    public void Stop() => _isStopped = true;

    /// <summary>Sends the next parcel, unless one is in flight.</summary>
    public void Pump()
    {
        if (_isStopped || _isFlying || (_deliveries.Count == 0 && _reads.Count == 0 && _awaits.Count == 0 && _restore is null))
        {
            return;
        }

        var work = new ExecutionWork();
        if (_restore is { } restore && restore.After == _taken)
        {
            (work.Restore, _restore) = (restore.Slot, null);
        }

        while (work.Deliveries.Count < DeliveriesPerParcelMax && _taken != _restore?.After && _deliveries.TryDequeue(out var delivery))
        {
            work.Deliveries.Add(delivery);
            _taken++;
        }

        while (_reads.TryPeek(out var read) && read.After <= _taken)
        {
            work.Reads.Add(_reads.Dequeue().Read);
        }

        work.Awaits.AddRange(_awaits);
        _awaits.Clear();
        _isFlying = true;
        _ = FlyAsync(work);
    }

    private System.Diagnostics.ActivityContext TraceOf(ExecutionWork work) => CallTrace.IsOn
        ? open.TraceOf(work.Deliveries.SelectMany(static delivery => delivery.Tokens).Concat(work.Reads.Select(static read => read.Token)))
        : default;

    private async Task FlyAsync(ExecutionWork work)
    {
        try
        {
            using var span = CallTrace.StartExecution(TraceOf(work), open.Group, work.Deliveries.Count > 0 ? work.Deliveries[0].Slot.Number : 0);
            var result = await replica.ExecuteAsync(work);
            span?.Stop();
            AppliedUpTo = result.AppliedUpTo;
            foreach (var (token, replies) in result.Answers)
            {
                open.End(token, GroupReply.Answered(replies, result.TimeMs));
            }

            outgoing(result.Outgoing);
            _isFlying = false;
            Pump();
        }
        catch (Exception cause)
        {
            fail(cause);
        }
    }
}
