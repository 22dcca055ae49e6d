using Csmr.Grains.Hosting;
using Csmr.Grains.Replicas;
using Csmr.Grains.Replicas.Pinning;
using Csmr.Replication.Machine;

namespace Csmr.Grains.Routing;

/// <summary>
/// The commands, or the reads, of this silo for one group. A few batches are in flight at a time; what comes meanwhile
/// gathers for the next one. Bounded: what does not fit is refused at once.
/// </summary>
/// <param name="group">The group's name.</param>
/// <param name="leaders">Finds the group's leader.</param>
/// <param name="time">Learns the group's time.</param>
/// <param name="options">The bounds.</param>
/// <param name="isRead">Whether these are reads: nothing a read does can be left uncertain.</param>
internal sealed class CallLane(string group, LeaderFinder leaders, GroupTime time, GatewayOptions options, bool isRead)
{
    private static readonly TimeSpan OverloadPause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly Queue<PendingCall> _waiting = new();
    private readonly TimeSpan _tryTimeout = TimeSpan.FromMilliseconds(options.TryTimeoutMs);
    private readonly TimeSpan _patience = TimeSpan.FromMilliseconds(options.ProbeTimeoutMs);

    // Everything that has not ended (and what has ended since the last sweep).
    private readonly List<PendingCall> _open = [];
    private readonly List<Flight> _flying = [];
    // Flights that have landed, to be used again.
    private readonly Stack<Flight> _landed = [];
    private long _waitingBytes;

    /// <summary>Takes a call.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Completes with the answer, at the latest soon after the call's deadline.</returns>
    public Task<GroupAnswer> AddAsync(PendingCall call)
    {
        lock (_lock)
        {
            if (_waiting.Count >= options.WaitingMax || _waitingBytes + call.Bytes > options.WaitingBytesMax)
            {
                call.EndOverloaded();
                return call.Task;
            }

            _waiting.Enqueue(call);
            _open.Add(call);
            _waitingBytes += call.Bytes;
        }

        StartFlight();
        return call.Task;
    }

    /// <summary>Gives up the calls whose time is over, and has the leader looked after where it is silent.</summary>
    /// <param name="now">The time.</param>
    public void Sweep(long now)
    {
        var isSilent = false;
        lock (_lock)
        {
            foreach (var flight in _flying)
            {
                isSilent |= now - flight.SentAt > options.SilenceMs;
            }

            var kept = 0;
            for (var i = 0; i < _open.Count; i++)
            {
                var call = _open[i];
                if (call.Deadline <= now)
                {
                    call.GiveUp();
                }

                if (!call.IsEnded)
                {
                    _open[kept++] = call;
                }
            }

            _open.RemoveRange(kept, _open.Count - kept);
        }

        if (isSilent)
        {
            leaders.CheckSoon();
        }
    }

    private void StartFlight()
    {
        Flight flight;
        lock (_lock)
        {
            if (_flying.Count >= options.FlightsMax || _waiting.Count == 0)
            {
                return;
            }

            flight = _landed.TryPop(out var landed) ? landed : new Flight(this);
            flight.SentAt = long.MaxValue;
            _flying.Add(flight);
        }

        ThreadPool.UnsafeQueueUserWorkItem(static flight => _ = flight.Lane.FlyAsync(flight), flight, preferLocal: false);
    }

    /// <summary>One flight after the other, until nothing waits.</summary>
    private async Task FlyAsync(Flight flight)
    {
        while (TryTake(flight))
        {
            while (flight.Batch.Count > 0)
            {
                await TryOnceAsync(flight);
                flight.Batch.RemoveAll(static call => call.IsEnded || call.IsAwaited);
            }
        }
    }

    private bool TryTake(Flight flight)
    {
        var batch = flight.Batch;
        lock (_lock)
        {
            var bytes = 0;
            while (batch.Count < options.BatchCommandsMax && _waiting.TryPeek(out var call))
            {
                if (batch.Count > 0 && bytes + call.Bytes > options.BatchBytesMax)
                {
                    break;
                }

                _waiting.Dequeue();
                _waitingBytes -= call.Bytes;
                if (!call.IsEnded)
                {
                    batch.Add(call);
                    bytes += call.Bytes;
                }
            }

            if (batch.Count == 0)
            {
                _flying.Remove(flight);
                _landed.Push(flight);
            }

            return batch.Count > 0;
        }
    }

    /// <summary>Tries a batch once, at whoever leads. What has no answer afterwards is still in the batch.</summary>
    private async Task TryOnceAsync(Flight flight)
    {
        var batch = flight.Batch;
        var leader = await leaders.FindAsync(_patience);
        if (leader is null)
        {
            return;
        }

        batch.RemoveAll(static call => !call.TryFly());
        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            var packed = Pack(flight);
            using var span = !CallTrace.IsOn ? null : CallTrace.StartTry(group, batch.Select(static call => call.Trace), isRead);
            flight.SentAt = Environment.TickCount64;
            var sent = isRead ? leader.Grain.ReadAsync(packed) : leader.Grain.ProposeAsync(packed);
            var reply = await sent.WaitAsync(_tryTimeout, leader.Lost);
            flight.SentAt = long.MaxValue;
            await TakeAsync(batch, leader, reply);
        }
        catch (Exception cause)
        {
            // A time-out, a leader given up by the watch, a broken connection, a silo that went: who knows how far it got.
            // Only our own director's refusal says for certain that nothing was sent.
            flight.SentAt = long.MaxValue;
            GrainMeter.TriesFailed.Add(1);
            Land(batch, isCertain: cause is ReplicaUnavailableException);
            leaders.Lose(leader);
        }
    }

    private async Task TakeAsync(List<PendingCall> batch, KnownLeader leader, GroupReply reply)
    {
        switch (reply.Kind)
        {
            case GroupReplyKind.Answered:
                if (!isRead)
                {
                    time.Learn(reply.TimeMs);
                }

                Take(batch, leader, CommandBatch.ReadReplies(reply.Replies, batch.Count));
                break;
            case GroupReplyKind.NotLeader:
                Land(batch, isCertain: true);
                leaders.Follow(leader, reply.Leader);
                break;
            case GroupReplyKind.Overloaded:
                Land(batch, isCertain: true);
                batch.ForEach(static call => RefuseIfCertain(call));
                await Task.Delay(OverloadPause);
                break;
            default:
                Land(batch, isCertain: false);
                leaders.Lose(leader);
                break;
        }
    }

    private void Take(List<PendingCall> batch, KnownLeader leader, CommandReply[] replies)
    {
        List<PendingCall>? awaited = null;
        for (var i = 0; i < replies.Length; i++)
        {
            var call = batch[i];
            if (replies[i].Kind == CommandReplyKind.Waiting)
            {
                call.Land(isCertain: false);
                call.IsAwaited = true;
                (awaited ??= []).Add(call);
            }
            else if (replies[i].Kind != CommandReplyKind.Expired || !call.TryStampAgain())
            {
                call.End(replies[i]);
            }
        }

        if (awaited is not null)
        {
            _ = AwaitAsync(awaited, leader);
        }
    }

    /// <summary>Waits for the answers of calls that the group has taken into its order. What nobody knows of is sent again.</summary>
    private async Task AwaitAsync(List<PendingCall> calls, KnownLeader leader)
    {
        while (calls.Count > 0)
        {
            try
            {
                var ids = CommandBatch.PackIds(calls.Select(static call => call.Command.Id));
                var reply = await leader.Grain.AwaitAsync(ids).WaitAsync(_tryTimeout, leader.Lost);
                if (reply.Kind != GroupReplyKind.Answered)
                {
                    break;
                }

                var replies = CommandBatch.ReadReplies(reply.Replies, calls.Count);
                for (var i = 0; i < replies.Length; i++)
                {
                    if (replies[i].Kind == CommandReplyKind.Unheard)
                    {
                        AddAgain(calls[i]);
                    }
                    else if (replies[i].Kind != CommandReplyKind.Waiting)
                    {
                        calls[i].End(replies[i]);
                    }
                }

                calls.RemoveAll(static call => call.IsEnded || !call.IsAwaited);
            }
            catch (TimeoutException)
            {
                // Still waiting for another group, or the answer is lost: asked again, while anybody wants to know.
                calls.RemoveAll(static call => call.IsEnded);
            }
            catch (Exception)
            {
                break;
            }
        }

        calls.ForEach(AddAgain);
    }

    private void AddAgain(PendingCall call)
    {
        call.IsAwaited = false;
        if (call.IsEnded)
        {
            return;
        }

        lock (_lock)
        {
            _waiting.Enqueue(call);
            _waitingBytes += call.Bytes;
        }

        StartFlight();
    }

    private static void RefuseIfCertain(PendingCall call)
    {
        if (!call.MayHaveRun)
        {
            call.EndOverloaded();
        }
    }

    private void Land(List<PendingCall> batch, bool isCertain) => batch.ForEach(call => call.Land(isCertain || isRead));

    private byte[] Pack(Flight flight)
    {
        if (isRead)
        {
            flight.Reads.Clear();
            flight.Batch.ForEach(call => flight.Reads.Add(call.Command.Invocation));
            CommandBatch.WriteReads(flight.Reads, flight.Writer);
        }
        else
        {
            flight.Commands.Clear();
            var nowMs = time.NowMs;
            flight.Batch.ForEach(call => flight.Commands.Add(call.Stamped(nowMs)));
            CommandBatch.Write(flight.Commands, flight.Writer);
        }

        return flight.Writer.ToArray();
    }

    /// <summary>One batch on its way, with what packing it needs.</summary>
    /// <param name="lane">Its lane.</param>
    private sealed class Flight(CallLane lane)
    {
        public CallLane Lane { get; } = lane;

        public List<PendingCall> Batch { get; } = [];

        /// <summary>Since when its answer is awaited (<see cref="Environment.TickCount64"/>); far ahead while it is not.</summary>
        public long SentAt { get; set; }

        public List<Command> Commands { get; } = [];

        public List<ReadOnlyMemory<byte>> Reads { get; } = [];

        public WireWriter Writer { get; } = new(1024);
    }
}
