using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.Storage.Tests.Disks;
using Csmr.TestKit.Simulation;

namespace Csmr.Storage.Tests.Groups;

/// <summary>The replicas of a group on disks of their own, with a network that loses nothing; those that are null are down.</summary>
internal sealed class StoredGroup
{
    private const int TicksMax = 2_000;

    private readonly StoredReplica?[] _replicas;
    private long _nowMs = 1_700_000_000_000;
    private long _token;

    /// <summary>Starts the replicas that have a disk.</summary>
    public StoredGroup(params SimulatedDisk?[] disks) =>
        _replicas = [.. disks.Select((disk, ordinal) => disk is null ? null : new StoredReplica(ordinal, disks.Length, disk))];

    /// <summary>Those that are up.</summary>
    public IEnumerable<StoredReplica> Up => _replicas.OfType<StoredReplica>();

    /// <summary>A replica.</summary>
    public StoredReplica this[int ordinal] => _replicas[ordinal]!;

    private HostTime Now => new(_nowMs, _nowMs);

    private string Description => string.Join(", ", Up.Select(static replica => $"{replica.Status} applied {replica.AppliedUpTo}"));

    /// <summary>Lets time go on until something is so.</summary>
    /// <param name="condition">What.</param>
    /// <param name="what">What, for whoever waits in vain.</param>
    public void Until(Func<bool> condition, string what) => Assert.True(
        ComesAbout(condition, TicksMax),
        $"{what}: did not come about; {Description}");

    /// <summary>Puts a value and waits for its acknowledgement.</summary>
    /// <param name="key">The register.</param>
    /// <param name="value">The value.</param>
    /// <param name="id">The request.</param>
    /// <returns>The reply.</returns>
    public CommandReply Put(string key, long value, RequestId id)
    {
        var reply = TryPut(key, value, id, TicksMax);
        Assert.True(reply is not null, $"{key} is put: did not come about; {Description}");
        return reply.Value;
    }

    /// <summary>Puts a value, and waits for its acknowledgement for a time.</summary>
    /// <param name="key">The register.</param>
    /// <param name="value">The value.</param>
    /// <param name="id">The request.</param>
    /// <param name="ticksMax">The time.</param>
    /// <returns>The reply; null where none came.</returns>
    public CommandReply? TryPut(string key, long value, RequestId id, int ticksMax)
    {
        var (invocation, batch) = (new WireWriter(), new WireWriter());
        new Invocation(RegisterMachineType.Operations[1], [Value.Of(key), Value.Of(value)]).Write(invocation);
        CommandBatch.Write([new Command(id, _nowMs + 3_600_000, 0, IsCallerSession: true, invocation.ToArray())], batch);
        CommandReply? reply = null;
        ComesAbout(
            () =>
            {
                if (Up.FirstOrDefault(static replica => replica.Status is { Role: NodeRole.Leader, IsServing: true }) is not { } leader)
                {
                    return false;
                }

                leader.Propose(++_token, batch.ToArray(), Now);
                Carry();
                return (reply = leader.ReplyOf(_token)) is not null;
            },
            ticksMax);
        return reply;
    }

    /// <summary>Waits until all replicas that are up have the same state.</summary>
    public void UntilEqual() => Until(
        () => Up.Select(static replica => (replica.AppliedUpTo, replica.Digest)).Distinct().Count() == 1 && Up.Any(static replica => replica.Status.IsServing),
        "all replicas have the same state");

    /// <summary>Stops all in order.</summary>
    public void Close()
    {
        foreach (var replica in Up)
        {
            replica.Close();
        }
    }

    private bool ComesAbout(Func<bool> condition, int ticksMax)
    {
        for (var ticks = 0; !condition(); ticks++)
        {
            if (ticks == ticksMax)
            {
                return false;
            }

            _nowMs += 25;
            foreach (var replica in Up)
            {
                replica.Tick(Now);
                Carry();
            }
        }

        return true;
    }

    private void Carry()
    {
        for (var moved = true; moved;)
        {
            moved = false;
            for (var from = 0; from < _replicas.Length; from++)
            {
                while (_replicas[from]?.Outgoing.TryDequeue(out var envelope) == true)
                {
                    moved = true;
                    _replicas[envelope.To.Ordinal]?.Receive(from, envelope.Message);
                }
            }
        }
    }
}
