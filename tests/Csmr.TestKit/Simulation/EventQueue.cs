namespace Csmr.TestKit.Simulation;

/// <summary>What happens at a moment of a timed run.</summary>
internal enum EventKind : byte
{
    /// <summary>A replica's clock ticks.</summary>
    Tick,

    /// <summary>A message arrives.</summary>
    Arrive,

    /// <summary>A flush of a replica's disk ends.</summary>
    FlushEnds,

    /// <summary>A replica starts.</summary>
    Start,

    /// <summary>A replica that was paused goes on.</summary>
    Resume,

    /// <summary>A fault of the plan begins.</summary>
    FaultBegins,

    /// <summary>A fault of the plan ends.</summary>
    FaultEnds,

    /// <summary>All faults end.</summary>
    Heal,

    /// <summary>A client makes its next call.</summary>
    Call,

    /// <summary>A client's request arrives at a replica.</summary>
    Request,

    /// <summary>A replica's reply arrives at a client.</summary>
    Reply,

    /// <summary>A client has waited long enough.</summary>
    Timeout,

    /// <summary>A replica saves a snapshot; a witness asks for one.</summary>
    Snapshot,

    /// <summary>A part of a snapshot was read or written.</summary>
    FileWork,

    /// <summary>Another configuration is wanted.</summary>
    Members,

    /// <summary>A replica's host finds another replica's process gone.</summary>
    Suspect,
}

/// <summary>An event. What <paramref name="A"/>, <paramref name="B"/> and <paramref name="Number"/> mean depends on the kind.</summary>
/// <param name="AtUs">When, in virtual microseconds.</param>
/// <param name="Order">Orders events of one moment.</param>
/// <param name="Kind">What.</param>
/// <param name="A">Mostly the replica or client.</param>
/// <param name="B">Mostly the sender or the life.</param>
/// <param name="Number">A count or token.</param>
/// <param name="Content">A message, packed or not, or a reply.</param>
/// <param name="Group">The group, where there are several.</param>
internal readonly record struct SimulatedEvent(long AtUs, long Order, EventKind Kind, int A, int B, long Number, object? Content, int Group = 0);

/// <summary>Events in the order of time: a binary heap of structs.</summary>
internal sealed class EventQueue
{
    private SimulatedEvent[] _heap = new SimulatedEvent[1024];
    private int _count;
    private long _order;

    /// <summary>Whether nothing will happen any more.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        Array.Clear(_heap, 0, _count);
        _count = 0;
        _order = 0;
    }

    /// <summary>Adds an event.</summary>
    /// <param name="atUs">When.</param>
    /// <param name="kind">What.</param>
    /// <param name="a">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="b">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="number">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="content">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="group">See <see cref="SimulatedEvent"/>.</param>
    public void Add(long atUs, EventKind kind, int a, int b = 0, long number = 0, object? content = null, int group = 0)
    {
        if (_count == _heap.Length)
        {
            Array.Resize(ref _heap, _count * 2);
        }

        var added = new SimulatedEvent(atUs, ++_order, kind, a, b, number, content, group);
        var at = _count++;
        while (at > 0 && IsBefore(added, _heap[(at - 1) / 2]))
        {
            _heap[at] = _heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        _heap[at] = added;
    }

    /// <summary>Takes the next event out.</summary>
    /// <returns>The event.</returns>
    public SimulatedEvent Take()
    {
        var first = _heap[0];
        var last = _heap[--_count];
        _heap[_count] = default;
        var at = 0;
        while (true)
        {
            var child = (2 * at) + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && IsBefore(_heap[child + 1], _heap[child]))
            {
                child++;
            }

            if (!IsBefore(_heap[child], last))
            {
                break;
            }

            _heap[at] = _heap[child];
            at = child;
        }

        if (_count > 0)
        {
            _heap[at] = last;
        }

        return first;
    }

    private static bool IsBefore(in SimulatedEvent left, in SimulatedEvent right) =>
        left.AtUs != right.AtUs ? left.AtUs < right.AtUs : left.Order < right.Order;
}
