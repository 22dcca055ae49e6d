using Csmr.Grains.Hosting;
using Csmr.Grains.Replicas;
using Csmr.Grains.Replicas.Pinning;

namespace Csmr.Grains.Routing;

/// <summary>The replica that this silo takes for a group's leader.</summary>
/// <param name="node">The node that has its disk.</param>
/// <param name="grain">Its log grain.</param>
/// <param name="isFromHint">Whether another replica has named it, and it has not spoken for itself.</param>
#pragma warning disable CA1001 // A source without a timer or a wait handle holds nothing that needs disposing.
internal sealed class KnownLeader(string node, IPaxosLogGrain grain, bool isFromHint)
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _lost = new();

    /// <summary>The node that has its disk.</summary>
    public string Node { get; } = node;

    /// <summary>Its log grain.</summary>
    public IPaxosLogGrain Grain { get; } = grain;

    /// <summary>Whether another replica has named it.</summary>
    public bool IsFromHint { get; } = isFromHint;

    /// <summary>Cancelled when it is not taken for the leader any more: what waits for it goes elsewhere.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>All slots up to here were known to it as chosen when the watch looked last.</summary>
    public long ChosenUpTo { get; set; }

    /// <summary>How often in a row the watch has not reached it.</summary>
    public int Misses { get; set; }

    /// <summary>It is not taken for the leader any more.</summary>
    public void SetLost() => _lost.Cancel();
}

/// <summary>
/// Finds the leader of one group by asking the replicas. Commands go only to a replica that says that it leads, so that a
/// call which met no leader is known not to have been executed.
/// </summary>
internal sealed class LeaderFinder
{
    private const int MissesMax = 2;

    private readonly Lock _lock = new();
    private readonly Candidate[] _candidates;
    private readonly SiloMap _silos;
    private readonly TimeSpan _probeTimeout;
    private readonly TimeSpan _pause;
    private volatile KnownLeader? _known;
    private int _isChecking;

    /// <summary>How often a leader was given up: what was asked before tells nothing about now.</summary>
    private int _losses;
    private Task _round = Task.CompletedTask;

    /// <summary>Makes one.</summary>
    /// <param name="group">The group.</param>
    /// <param name="nodes">The nodes that may have a replica of it: the first ones had when it was formed.</param>
    /// <param name="silos">Where the silos are.</param>
    /// <param name="grains">Makes references.</param>
    /// <param name="options">The timing.</param>
    public LeaderFinder(GroupId group, IEnumerable<string> nodes, SiloMap silos, IGrainFactory grains, GatewayOptions options)
    {
        _silos = silos;
        _probeTimeout = TimeSpan.FromMilliseconds(options.ProbeTimeoutMs);
        _pause = TimeSpan.FromMilliseconds(options.ProbePauseMs);
        _candidates = [.. nodes.Select(node => new Candidate(node, grains.GetGrain<IPaxosLogGrain>(ReplicaKey.Of(node, group))))];
    }

    /// <summary>The leader, if one is known.</summary>
    public KnownLeader? Known => _known;

    /// <summary>Finds the leader.</summary>
    /// <param name="patience">How long to wait at most.</param>
    /// <returns>The leader; null where none is known yet. The caller may ask again at once.</returns>
    public ValueTask<KnownLeader?> FindAsync(TimeSpan patience) => _known is { } known ? new(known) : new(SearchAsync(patience));

    /// <summary>A leader has not answered, or has lost its leadership.</summary>
    /// <param name="leader">The leader.</param>
    public void Lose(KnownLeader leader) => Replace(leader, null);

    /// <summary>A replica says that it does not lead.</summary>
    /// <param name="leader">The replica.</param>
    /// <param name="hint">The node that leads instead, as far as it knows. Followed once, lest two replicas name each other for ever.</param>
    public void Follow(KnownLeader leader, string? hint)
    {
        var next = hint is null || leader.IsFromHint
            ? null
            : Array.Find(_candidates, candidate => string.Equals(candidate.Node, hint, StringComparison.Ordinal));
        Replace(leader, next is null || string.Equals(next.Node, leader.Node, StringComparison.Ordinal) ? null : new KnownLeader(next.Node, next.Grain, isFromHint: true));
    }

    /// <summary>Looks whether the known leader still leads; finds another one where it does not.</summary>
    /// <returns>Whether a leader is known and has just said that it serves.</returns>
    public async Task<bool> CheckAsync()
    {
        if (await FindAsync(_probeTimeout) is not { } known)
        {
            return false;
        }

        var (status, isRefused) = await AskAsync(known.Grain, _probeTimeout);
        if (status is { IsServing: true })
        {
            (known.Misses, known.ChosenUpTo) = (0, status.ChosenUpTo);
            return true;
        }

        // Silence may be a busy moment: it takes two. A leader that says it is none, or whose process is gone, is believed at once.
        if (status is not null || isRefused || ++known.Misses >= MissesMax)
        {
            Lose(known);
            return await FindAsync(_probeTimeout) is not null;
        }

        return false;
    }

    /// <summary>The known leader has been silent for a while: looks after it, unless somebody does already.</summary>
    public void CheckSoon()
    {
        if (Interlocked.Exchange(ref _isChecking, 1) == 0)
        {
            _ = CheckOnceAsync();
        }
    }

    /// <summary>Asks a replica for its status.</summary>
    /// <param name="grain">Its log grain.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="withDigest">Whether a digest is wanted.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The status, null where it did not answer; and whether the question came back, since nobody takes it there.</returns>
    public static async Task<(ReplicaStatus? Status, bool IsRefused)> AskAsync(
        IPaxosLogGrain grain, TimeSpan timeout, bool withDigest = false, CancellationToken cancellationToken = default)
    {
        try
        {
            return (await grain.StatusAsync(withDigest).WaitAsync(timeout, cancellationToken), false);
        }
        catch (Exception cause)
        {
            return (null, cause is not (TimeoutException or OperationCanceledException));
        }
    }

    private async Task<KnownLeader?> SearchAsync(TimeSpan patience)
    {
        Task round;
        lock (_lock)
        {
            // One round serves all who search.
            if (_round.IsCompleted)
            {
                _round = Task.Run(AskAllAsync);
            }

            round = _round;
        }

        try
        {
            await round.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            // The caller looks at its own clock and asks again.
        }

        return _known;
    }

    // A round ends with the first who leads, and at the latest after the pause: for who is gone nobody waits. Who answers later, and leads, is
    // taken all the same, unless a leader was given up meanwhile.
    private async Task AskAllAsync()
    {
        var pause = Task.Delay(_pause);
        var asked = _candidates.Where(candidate => _silos.Find(candidate.Node) is not null).Select(TakeIfLeadingAsync);
        await foreach (var answer in Task.WhenEach(asked.Append(pause)))
        {
            if (_known is not null || ReferenceEquals(answer, pause))
            {
                return;
            }
        }
    }

    private async Task TakeIfLeadingAsync(Candidate candidate)
    {
        var losses = Volatile.Read(ref _losses);
        if ((await AskAsync(candidate.Grain, _probeTimeout)).Status is { IsServing: true } && losses == Volatile.Read(ref _losses))
        {
            Replace(null, new KnownLeader(candidate.Node, candidate.Grain, isFromHint: false));
        }
    }

    private async Task CheckOnceAsync()
    {
        await CheckAsync();
        Volatile.Write(ref _isChecking, 0);
    }

    private void Replace(KnownLeader? old, KnownLeader? next)
    {
        lock (_lock)
        {
            if (ReferenceEquals(_known, old))
            {
                _known = next;
            }
        }

        if (old is not null)
        {
            Interlocked.Increment(ref _losses);
            old.SetLost();
        }
    }

    private sealed record Candidate(string Node, IPaxosLogGrain Grain);
}
