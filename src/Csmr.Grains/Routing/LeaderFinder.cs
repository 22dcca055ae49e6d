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

        var status = await ProbeAsync(known.Grain, _probeTimeout);
        if (status is { IsServing: true })
        {
            (known.Misses, known.ChosenUpTo) = (0, status.ChosenUpTo);
            return true;
        }

        // Silence may be a busy moment: it takes two. A leader that says it is none is believed at once.
        if (status is not null || ++known.Misses >= MissesMax)
        {
            Lose(known);
            return await FindAsync(_probeTimeout) is not null;
        }

        return false;
    }

    /// <summary>Asks a replica for its status.</summary>
    /// <param name="grain">Its log grain.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="withDigest">Whether a digest is wanted.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The status; null where it did not answer.</returns>
    public static async Task<ReplicaStatus?> ProbeAsync(
        IPaxosLogGrain grain, TimeSpan timeout, bool withDigest = false, CancellationToken cancellationToken = default)
    {
        try
        {
            return await grain.StatusAsync(withDigest).WaitAsync(timeout, cancellationToken);
        }
        catch (Exception)
        {
            // Whatever kept it from answering, it is not reachable.
            return null;
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

    private async Task AskAllAsync()
    {
        var asked = _candidates.Where(candidate => _silos.Find(candidate.Node) is not null).Select(AskAsync).ToList();
        await foreach (var answer in Task.WhenEach(asked))
        {
            if (await answer is { } leader)
            {
                Replace(null, leader);
                return;
            }
        }

        await Task.Delay(_pause);
    }

    private async Task<KnownLeader?> AskAsync(Candidate candidate) =>
        await ProbeAsync(candidate.Grain, _probeTimeout) is { IsServing: true }
            ? new KnownLeader(candidate.Node, candidate.Grain, isFromHint: false)
            : null;

    private void Replace(KnownLeader? old, KnownLeader? next)
    {
        lock (_lock)
        {
            if (ReferenceEquals(_known, old))
            {
                _known = next;
            }
        }

        old?.SetLost();
    }

    private sealed record Candidate(string Node, IPaxosLogGrain Grain);
}
