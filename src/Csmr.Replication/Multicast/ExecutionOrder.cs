using Csmr.Replication.Machine;

namespace Csmr.Replication.Multicast;

/// <summary>What the order does to operations whose turn has come.</summary>
internal interface IOrderedActions
{
    /// <summary>Executes a command, and sets its reply.</summary>
    void Execute(OrderedCommand command);

    /// <summary>Executes the steps of a composite operation that can be executed now; when none is left, sets its reply.</summary>
    /// <returns>Whether none is left.</returns>
    bool Proceed(Composite composite);

    /// <summary>The operation has its place here, and all that it follows is exposed: the other groups are told.</summary>
    void Clear(Composite composite);

    /// <summary>The answer of an operation may be given.</summary>
    void Release(OrderedOperation operation);

    /// <summary>All may observe a composite operation: nothing more is kept of it here but its result.</summary>
    void Expose(Composite composite);
}

/// <summary>Reads an operation out of a snapshot.</summary>
internal delegate OrderedOperation OperationReader(ref WireReader reader);

/// <summary>
/// Executes operations that conflict in the order of their timestamps, and withholds their answers as long as these would
/// tell of an operation that not all its groups have ordered (DESIGN §6, rules 3 to 6; execution is early, answers are withheld).
/// </summary>
/// <remarks>
/// <para>
/// Why that is strictly serializable: every conflict goes from the smaller timestamp to the larger, at every group, so the
/// conflicts of all groups together have no cycle. And no chain of conflicts runs against real time: let b come before a in such a
/// chain, b = x0, x1, …, xn = a, each executed before the next at some group. The answer of a is given when its predecessors are exposed
/// at each of its groups, and a group says <see cref="Cleared"/> of an operation only when its predecessors there are exposed; so x1 …
/// xn-1 were all executed, hence begun, before a was answered, and so was b. Conversely, whatever begins after x was answered or
/// exposed meets clocks that have reached x's timestamp at all groups of x, and comes after it.
/// </para>
/// <para>
/// Why it does not stand still: an operation waits for smaller timestamps only, to start as well as to be released, and a timestamp
/// once final stays.
/// </para>
/// </remarks>
/// <param name="actions">What is done to operations whose turn has come.</param>
internal sealed class ExecutionOrder(IOrderedActions actions)
{
    private readonly HoldTable _holds = new();
    private readonly SortedSet<OrderedOperation> _startable = new(OrderedOperation.ByTimestamp);
    private readonly List<OrderedOperation> _started = [];
    private readonly Queue<Composite> _proceeding = new();
    private readonly Queue<Composite> _exposing = new();
    private readonly List<OrderedOperation> _conflicts = [];
    private readonly List<Composite> _followed = [];

    /// <summary>Everything in the order, in the order in which it came.</summary>
    public IReadOnlyList<OrderedOperation> All => _holds.All;

    /// <summary>Whether a command must wait for conflicting operations to be executed.</summary>
    /// <param name="footprint">What it touches.</param>
    /// <returns>Whether it must take a place in the order.</returns>
    public bool MustWait(Footprint footprint)
    {
        _holds.FindConflicts(footprint, _conflicts);
        return _conflicts.Exists(static other => !other.IsExecuted);
    }

    /// <summary>Whether a footprint conflicts with anything in the order.</summary>
    public bool Conflicts(Footprint footprint)
    {
        _holds.FindConflicts(footprint, _conflicts);
        return _conflicts.Count > 0;
    }

    /// <summary>The composite operations that something executed now would follow, and that are not exposed.</summary>
    /// <param name="footprint">What it touches.</param>
    /// <param name="operation">What is executed; it becomes a follower of them.</param>
    public void Follow(Footprint footprint, OrderedOperation operation)
    {
        _holds.FindConflicts(footprint, _conflicts);
        foreach (var other in _conflicts)
        {
            if (other == operation)
            {
                continue;
            }

            // M2: whatever is executed now comes after everything executed that it conflicts with.
            Invariant.Require(!other.IsExecuted || other.Timestamp < operation.Timestamp, "M2");
            if (!other.IsExecuted)
            {
                continue;
            }

            if (other is Composite composite)
            {
                operation.Predecessors.Add(composite);
            }
            else
            {
                operation.Predecessors.UnionWith(other.Predecessors);
            }
        }

        foreach (var predecessor in operation.Predecessors)
        {
            predecessor.Followers.Add(operation);
        }
    }

    /// <summary>Takes an operation in.</summary>
    public void Add(OrderedOperation operation)
    {
        _holds.Add(operation);
        if (operation is { IsFinal: true, IsStarted: false })
        {
            _startable.Add(operation);
        }
    }

    /// <summary>Writes everything in the order, in the order in which it came, and who waits for whose exposure.</summary>
    public void Snapshot(WireWriter writer)
    {
        var places = new Dictionary<OrderedOperation, int>(All.Count);
        writer.VarUInt((uint)All.Count);
        foreach (var operation in All)
        {
            places.Add(operation, places.Count);
            operation.Snapshot(writer);
        }

        // Followers are told in the order in which they became such, since they are released in it; predecessors follow from them.
        foreach (var composite in All.OfType<Composite>())
        {
            writer.VarUInt((uint)composite.Followers.Count);
            foreach (var follower in composite.Followers)
            {
                // M2: whatever waits for an exposure keeps its place until then.
                Invariant.Require(places.TryGetValue(follower, out var place), "M2");
                writer.VarUInt((uint)place);
            }
        }
    }

    /// <summary>Reads what <see cref="Snapshot"/> wrote, into an order just made.</summary>
    /// <param name="reader">Where from.</param>
    /// <param name="read">Reads an operation.</param>
    /// <exception cref="WireFormatException">The bytes are no order.</exception>
    public void Restore(ref WireReader reader, OperationReader read)
    {
        for (var left = reader.Count(OrderedOperation.BytesMin); left > 0; left--)
        {
            Add(read(ref reader));
        }

        SnapshotRules.Require(_startable.Count == All.Count(static operation => operation is { IsFinal: true, IsStarted: false }), "two operations have one timestamp");
        foreach (var composite in All.OfType<Composite>())
        {
            for (var left = reader.Count(1); left > 0; left--)
            {
                var place = reader.Number();
                var follower = place < All.Count ? All[(int)place] : composite;
                SnapshotRules.Require(
                    composite.IsExecuted && follower.IsStarted && follower != composite && follower.Predecessors.Add(composite), $"operation {place} follows what it cannot follow");
                composite.Followers.Add(follower);
            }
        }
    }

    /// <summary>The timestamp of a composite operation is final.</summary>
    public void Finalize(Composite composite, Timestamp timestamp)
    {
        // M3: a final timestamp is never below the group's own proposal, so nobody has waited for less.
        Invariant.Require(!composite.IsFinal && timestamp >= composite.Timestamp, "M3");
        (composite.Timestamp, composite.IsFinal) = (timestamp, true);
        _startable.Add(composite);
    }

    /// <summary>A composite operation is executed nowhere.</summary>
    public void Void(Composite composite)
    {
        Invariant.Require(!composite.IsFinal, "M1");
        _holds.Remove(composite);
    }

    /// <summary>Something has changed for a started composite operation: a result of another group, or its clearance.</summary>
    public void Touch(Composite composite)
    {
        if (composite is { IsStarted: true, IsExecuted: false })
        {
            _proceeding.Enqueue(composite);
        }
        else if (composite.IsExecuted)
        {
            _exposing.Enqueue(composite);
        }
    }

    /// <summary>Does all that can be done now.</summary>
    public void Settle()
    {
        do
        {
            while (_proceeding.TryDequeue(out var composite))
            {
                Proceed(composite);
            }

            while (_exposing.TryDequeue(out var composite))
            {
                TryExpose(composite);
            }

            Start();
        }
        while (_proceeding.Count > 0 || _exposing.Count > 0);
    }

    /// <summary>Starts, in the order of timestamps, whatever conflicts with nothing smaller that is not executed (rule 3).</summary>
    private void Start()
    {
        _started.Clear();
        foreach (var operation in _startable)
        {
            if (!IsBlocked(operation))
            {
                _started.Add(operation);
                Start(operation);
            }
        }

        _started.ForEach(operation => _startable.Remove(operation));
    }

    private bool IsBlocked(OrderedOperation operation)
    {
        _holds.FindConflicts(operation.Footprint, _conflicts);
        return _conflicts.Exists(other => !other.IsExecuted && other != operation && other.Timestamp < operation.Timestamp);
    }

    private void Start(OrderedOperation operation)
    {
        operation.IsStarted = true;
        Follow(operation.Footprint, operation);
        if (operation is Composite composite)
        {
            if (composite.Predecessors.Count == 0)
            {
                actions.Clear(composite);
            }

            Proceed(composite);
            return;
        }

        actions.Execute((OrderedCommand)operation);
        operation.IsExecuted = true;
        if (operation.IsReleased)
        {
            _holds.Remove(operation);
            actions.Release(operation);
        }
    }

    private void Proceed(Composite composite)
    {
        if (composite.IsExecuted || !actions.Proceed(composite))
        {
            return;
        }

        composite.IsExecuted = true;
        if (composite.IsReleased)
        {
            actions.Release(composite);
        }

        _exposing.Enqueue(composite);
    }

    private void TryExpose(Composite composite)
    {
        if (!composite.IsExposable || composite.IsExposed)
        {
            return;
        }

        composite.IsExposed = true;
        _holds.Remove(composite);
        actions.Expose(composite);
        foreach (var follower in composite.Followers)
        {
            follower.Predecessors.Remove(composite);
            if (follower.Predecessors.Count > 0)
            {
                continue;
            }

            if (follower.IsExecuted)
            {
                actions.Release(follower);
            }

            if (follower is Composite next)
            {
                actions.Clear(next);
                _exposing.Enqueue(next);
            }
            else
            {
                _holds.Remove(follower);
            }
        }
    }
}
