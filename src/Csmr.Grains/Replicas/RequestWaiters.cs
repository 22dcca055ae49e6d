using Csmr.Replication.Machine;

namespace Csmr.Grains.Replicas;

/// <summary>
/// Who wants to know when requests are answered that wait for a composite operation. Not part of the replicated state: whoever
/// hears nothing in time asks again, here or elsewhere. Used within the replica grain's turns only.
/// </summary>
internal sealed class RequestWaiters
{
    // Longer than any gateway waits for one answer: who has not heard by then has asked again.
    private const long ForgottenAfterMs = 10_000;

    private readonly Dictionary<RequestId, List<Waiter>> _byId = [];
    private readonly Queue<Waiter> _oldestFirst = new();
    private readonly WireWriter _writer = new(256);
    private ReplicatedMachine _machine;

    /// <summary>Makes one.</summary>
    /// <param name="machine">The replica's state.</param>
    public RequestWaiters(ReplicatedMachine machine) => _machine = machine;

    /// <summary>Takes a question; answers it at once where there is something to tell.</summary>
    /// <param name="wait">The question.</param>
    /// <param name="answers">Where answers go.</param>
    public void Add(in PendingRead wait, List<(long Token, byte[] Replies)> answers)
    {
        Forget();
        var waiter = new Waiter(wait.Token, IdsOf(wait.Batch), Environment.TickCount64);
        if (waiter.Ids.Length == 0 || HasNews(waiter))
        {
            Answer(waiter, answers);
            return;
        }

        _oldestFirst.Enqueue(waiter);
        foreach (var id in waiter.Ids)
        {
            if (!_byId.TryGetValue(id, out var waiters))
            {
                _byId.Add(id, waiters = []);
            }

            waiters.Add(waiter);
        }
    }

    /// <summary>The state was replaced by a snapshot: answers whoever waits for what is answered in it, or is not known there.</summary>
    /// <param name="restored">The replica's state from now on.</param>
    /// <param name="answers">Where answers go.</param>
    public void Restore(ReplicatedMachine restored, List<(long Token, byte[] Replies)> answers)
    {
        _machine = restored;
        foreach (var waiter in _byId.Values.SelectMany(static waiters => waiters).Distinct().Where(HasNews).ToArray())
        {
            Answer(waiter, answers);
        }
    }

    /// <summary>Answers whoever waits for what the last entry has released.</summary>
    /// <param name="answers">Where answers go.</param>
    public void Release(List<(long Token, byte[] Replies)> answers)
    {
        foreach (var (id, _) in _machine.Released)
        {
            if (_byId.TryGetValue(id, out var waiters))
            {
                foreach (var waiter in waiters.ToArray())
                {
                    Answer(waiter, answers);
                }
            }
        }
    }

    // Bytes that are no ids can only come from a defect of a gateway: it gets no answers, and the replica goes on.
    private static RequestId[] IdsOf(byte[] batch)
    {
        try
        {
            return CommandBatch.ReadIds(batch);
        }
        catch (WireFormatException)
        {
            return [];
        }
    }

    private bool HasNews(Waiter waiter) => Array.Exists(waiter.Ids, id => _machine.Find(id)?.Kind != CommandReplyKind.Waiting);

    private void Answer(Waiter waiter, List<(long Token, byte[] Replies)> answers)
    {
        Remove(waiter);
        _writer.Clear();
        foreach (var id in waiter.Ids)
        {
            CommandBatch.WriteReply(_machine.Find(id) ?? new CommandReply(CommandReplyKind.Unheard, Slot.None, null), _writer);
        }

        answers.Add((waiter.Token, _writer.ToArray()));
    }

    private void Forget()
    {
        while (_oldestFirst.TryPeek(out var oldest) && (oldest.IsRemoved || Environment.TickCount64 - oldest.SinceMs > ForgottenAfterMs))
        {
            _oldestFirst.Dequeue();
            Remove(oldest);
        }
    }

    private void Remove(Waiter waiter)
    {
        waiter.IsRemoved = true;
        foreach (var id in waiter.Ids)
        {
            if (_byId.TryGetValue(id, out var waiters) && waiters.Remove(waiter) && waiters.Count == 0)
            {
                _byId.Remove(id);
            }
        }
    }

    private sealed record Waiter(long Token, RequestId[] Ids, long SinceMs)
    {
        public bool IsRemoved { get; set; }
    }
}
