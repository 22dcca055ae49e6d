using Csmr.Replication.Ports;

namespace Csmr.Storage.Snapshots;

/// <summary>Has snapshots written one at a time, in the order of asking, on a thread of its own while there are any.</summary>
/// <param name="isThreaded">Whether on another thread; otherwise at once.</param>
internal sealed class SaveQueue(bool isThreaded)
{
    private readonly Lock _gate = new();
    private readonly Queue<Action> _waiting = new();
    private Task _working = Task.CompletedTask;
    private bool _isClosed;

    /// <summary>Queues a snapshot.</summary>
    /// <param name="save">Writes it.</param>
    /// <returns>What that returns or throws.</returns>
    public Task<StoredSnapshot> SaveAsync(Func<StoredSnapshot> save)
    {
        var saved = new TaskCompletionSource<StoredSnapshot>(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Enqueue(() => Complete(saved, save));
            if (!_working.IsCompleted)
            {
                return saved.Task;
            }

            _working = ended.Task;
        }

        if (isThreaded)
        {
            new Thread(() => Run(ended)) { IsBackground = true, Name = "csmr-snapshot" }.Start();
        }
        else
        {
            Run(ended);
        }

        return saved.Task;
    }

    /// <summary>Gives up what waits, and waits for the one that is being written.</summary>
    /// <returns>A task that completes when nothing is written any more.</returns>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            return _working;
        }
    }

    private void Run(TaskCompletionSource ended)
    {
        while (true)
        {
            Action? save;
            lock (_gate)
            {
                if (!_waiting.TryDequeue(out save))
                {
                    ended.SetResult();
                    return;
                }
            }

            save();
        }
    }

    private void Complete(TaskCompletionSource<StoredSnapshot> saved, Func<StoredSnapshot> save)
    {
        try
        {
            saved.SetResult(Volatile.Read(ref _isClosed) ? throw new SnapshotException("the store of snapshots was closed") : save());
        }
        catch (Exception exception)
        {
            saved.SetException(exception);
        }
    }
}
