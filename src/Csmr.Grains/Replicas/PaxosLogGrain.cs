using System.Security.Cryptography;
using Csmr.Composition.Plans;
using Csmr.Grains.Replicas.Membership;
using Csmr.Grains.Replicas.Pinning;
using Csmr.Grains.Replicas.Snapshots;
using Csmr.Grains.Routing;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Orleans.Concurrency;
using Orleans.GrainDirectory;
using Orleans.Placement;

namespace Csmr.Grains.Replicas;

/// <summary>
/// Drives one replica's <see cref="PaxosNode"/>. Each turn is one step: decode, step, hand the effects to the
/// <see cref="EffectRunner"/>. Reentrant, because nothing is changed outside of those synchronous steps.
/// </summary>
/// <param name="local">The replicas of this silo.</param>
/// <param name="silos">Where the silos are.</param>
/// <param name="groups">The ways to the other groups.</param>
/// <param name="clock">Stamps entries; nothing rests on it for safety.</param>
[GrainType(ReplicaKey.LogGrainType), Pinned, GrainDirectory(PinnedDirectory.Name), Reentrant, KeepAlive, Immovable]
internal sealed partial class PaxosLogGrain(LocalReplicas local, SiloMap silos, GroupDirectory groups, TimeProvider clock) : SiloOnlyGrain, IPaxosLogGrain
{
    private readonly OpenCalls _open = new();
    private GroupPlan _group = null!;
    private ReplicaPlan? _planned;
    private IReplicaGrain? _executor;
    private ExecutionQueue? _execution;

    // Null before the journal is read and after the replica has stopped.
    private PaxosNode? _node;
    private EffectRunner? _runner;
    private PeerLinks? _peers;
    private ChannelPump? _channels;
    private SnapshotKeeper? _snapshots;
    private MemberChanges? _members;
    private LeaderCheck? _leaderCheck;
    private bool _isTicking;

    /// <summary>Whether this silo has no replica of the group, and may get one.</summary>
    private bool _isAbsent;
    private string? _stopped;
    private bool _isServing;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_group, _planned) = local.ClaimLog(this.GetPrimaryKeyString());
        _open.Group = _group.Id.Name;

        // Reading a long journal must not hold up calls: until it is done, this replica answers that it does not lead.
        _ = StartAsync();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Stop();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<GroupReply> ProposeAsync(byte[] batch) =>
        OpenAsync(batch, static (node, token, batch, now) => node.Propose(token, batch, now));

    /// <inheritdoc/>
    public Task<GroupReply> ReadAsync(byte[] batch) =>
        OpenAsync(batch, static (node, token, _, _) => node.Read(token));

    /// <inheritdoc/>
    public Task<GroupReply> AwaitAsync(byte[] ids)
    {
        if (_node is null || _executor is null)
        {
            return Task.FromResult(GroupReply.NotLeader(null));
        }

        // Whoever has executed a request can tell: no leadership is needed.
        var answer = _open.AddAsync(ids, out var token);
        _execution!.AddAwait(new PendingRead(token, ids));
        _execution.Pump();
        return answer;
    }

    /// <inheritdoc/>
    public Task DeliverAsync(int from, string node, byte[] message)
    {
        if (_node is null)
        {
            return Task.CompletedTask;
        }

        try
        {
            _peers!.Hear(from, node);
            _node.Receive(new ReplicaId(from), MessageCodec.Read(message));
            _runner!.Run();
        }
        catch (WireFormatException)
        {
            GrainMeter.MessagesMalformed.Add(1);
        }
        catch (Exception cause)
        {
            Fail(cause);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<ReplicaStatus> StatusAsync(bool withDigest)
    {
        if (_node is null)
        {
            return new ReplicaStatus { Role = _isAbsent ? "none" : _stopped is null ? "starting" : "stopped", Stopped = _stopped };
        }

        // The digest takes as long as writing the whole state: beside the turns of this grain and of the executor.
        var view = withDigest && _executor is not null ? (await _executor.CaptureAsync()).View : null;
        var digest = view is null ? 0 : await Task.Run(view.Digest);
        var pending = withDigest && _executor is not null ? await _executor.PendingAsync(_node?.TimeMs ?? 0) : null;
        var status = _node?.Status ?? default;
        return new ReplicaStatus
        {
            Role = NameOf(status.Role),
            Replica = _node?.Options.Self.Ordinal ?? -1,
            Configuration = _node?.Configuration.Number ?? 0,
            Members = [.. (_node?.Configuration.Members ?? []).Select(static member => new MemberEntry(member.Id.Ordinal, member.Node, member.IsWitness, member.IsLearner))],
            Leader = _runner?.LeaderNode(),
            IsServing = status.IsServing,
            Promised = status.Promised.ToString(),
            LastSlot = status.Last.Number,
            ChosenUpTo = status.ChosenUpTo.Number,
            AppliedUpTo = view?.Slot.Number ?? _execution?.AppliedUpTo ?? 0,
            Digest = view is null ? null : digest.ToString("x16"),
            Pending = pending,
            SnapshotSlot = local.SnapshotsOf(_group).Find(_group.Id)?.Slot.Number ?? 0,
            JournalBytes = local.JournalOf(_group).HeldBytes(_group.Id),
        };
    }

    private Task<GroupReply> OpenAsync(byte[] batch, Action<PaxosNode, long, byte[], HostTime> step)
    {
        if (_node is null)
        {
            return Task.FromResult(GroupReply.NotLeader(null));
        }

        if (_open.Bytes + batch.Length > local.Options.OpenBytesMax)
        {
            return Task.FromResult(GroupReply.Overloaded);
        }

        var answer = _open.AddAsync(batch, out var token, CallTrace.StartBatch(_open.Group));
        try
        {
            step(_node, token, batch, Now());
            _runner!.Run();
        }
        catch (Exception cause)
        {
            Fail(cause);
        }

        return answer;
    }

    private async Task StartAsync()
    {
        try
        {
            var records = await Task.Run(() => local.JournalOf(_group).Recover(_group.Id));
            await local.Admitted;
            if (PaxosNode.OwnerOf(records) is { } owner)
            {
                await RunAsync(owner.Id, owner.IsWitness, records, ticket: null);
            }
            else if (_planned is { } planned)
            {
                await RunAsync(planned.Id, planned.IsWitness, records, ticket: null);
            }
            else
            {
                _isAbsent = true;
            }
        }
        catch (Exception cause)
        {
            Fail(cause);
        }
    }

    /// <summary>Makes the replica of this silo, and lets it run.</summary>
    private async Task RunAsync(ReplicaId self, bool isWitness, IReadOnlyList<JournalRecord> records, JoinTicket? ticket)
    {
        try
        {
            var journal = local.JournalOf(_group);
            var node = await Task.Run(() => new PaxosNode(MakeOptions(self, FindSnapshot()) with { IsWitness = isWitness, Joins = ticket }, records));
            _executor = isWitness ? null : GrainFactory.GetGrain<IReplicaGrain>(this.GetPrimaryKeyString());
            _channels = new ChannelPump(_executor!, groups, batch => _ = OpenAsync(batch, static (node, token, batch, now) => node.Propose(token, batch, now)), clock);
            _execution = new ExecutionQueue(_executor!, _open, _channels.Look, Fail);
            _peers = new PeerLinks(node, _group.Id, local.Silo, silos, GrainFactory, clock);
            _snapshots = new SnapshotKeeper(node, _group, local, _executor, () => _execution.AppliedUpTo, StepOwn, clock);
            var transfer = new SnapshotTransfer(_group, local, _peers, StepOwn, _snapshots.Want);
            _runner = new EffectRunner(node, _group.Id, journal, _peers, _execution, transfer, _open, Fail);
            _leaderCheck = new LeaderCheck(_peers, SilenceOfLeader(), replica => StepOwn(node => node.Suspect(replica)));
            _members = new MemberChanges(node, _group, GrainFactory, _open, StepOwn, Now);
            _node = node;
            Tick();

            // What was begun for a replica that was here before is of no interest to this one.
            void StepOwn(Action<PaxosNode> step)
            {
                if (ReferenceEquals(node, _node))
                {
                    Step(step);
                }
            }
        }
        catch (Exception cause)
        {
            Fail(cause);
        }
    }

    private void Tick()
    {
        if (!_isTicking)
        {
            _isTicking = true;
            var tick = TimeSpan.FromMilliseconds(local.Options.TickMs);
            this.RegisterGrainTimer(TickAsync, new GrainTimerCreationOptions(tick, tick) { Interleave = true, KeepAlive = true });
        }
    }

    private Task TickAsync(CancellationToken cancellationToken)
    {
        Step(node =>
        {
            node.Tick(Now());
            _snapshots!.Tick();
        });
        Step(node =>
        {
            TellLeadership(node.Status);
            _leaderCheck!.Tick(node.Status);
            _channels!.Tick(_isServing);
            _members!.Tick();
            local.Cuts.Expire();
        });
        return Task.CompletedTask;
    }

    /// <summary>Takes a step of the node, and does what follows from it, unless the replica has stopped.</summary>
    private void Step(Action<PaxosNode> step)
    {
        if (_node is not null)
        {
            try
            {
                step(_node);
                _runner!.Run();
            }
            catch (Exception cause)
            {
                Fail(cause);
            }
        }
    }

    /// <summary>Says when this replica has begun or ceased to serve as leader.</summary>
    private void TellLeadership(in NodeStatus status)
    {
        if (status.IsServing != _isServing)
        {
            _isServing = status.IsServing;
            local.ReportLeadership(_group.Id, status.Promised.ToString(), _isServing);
        }
    }

    /// <summary>A failed journal or a broken invariant: this replica stops for good. The others go on without it.</summary>
    private void Fail(Exception cause)
    {
        var isFirst = _stopped is null;
        _stopped ??= cause.Message;
        Stop();
        if (isFirst)
        {
            local.ReportStop(_group.Id, cause);
        }
    }

    private void Stop()
    {
        _stopped ??= "its silo is stopping";
        _node = null;
        _runner?.Stop();
        _open.EndAll();
    }

    private StoredSnapshot? FindSnapshot()
    {
        var found = local.SnapshotsOf(_group).Find(_group.Id);
        if (found is { } snapshot)
        {
            local.Snapshots.Note(snapshot);
        }

        return found;
    }

    private NodeOptions MakeOptions(ReplicaId self, StoredSnapshot? snapshot) => new()
    {
        Cluster = local.Options.Cluster,
        Group = _group.Id,
        Self = self,
        Members = [.. _group.Replicas.Select(static replica => new Member(replica.Id, replica.IsWitness, IsLearner: false, replica.Node))],
        Incarnation = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)),
        Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)),
        HeartbeatTicks = local.Options.HeartbeatTicks,
        ElectionTicksMin = local.Options.ElectionTicksMin,
        ElectionTicksMax = local.Options.ElectionTicksMax,
        ResendTicks = local.Options.ResendTicks,
        RetainedBytesMax = local.Options.RetainedLogBytes,
        Snapshot = snapshot is { } newest ? local.SnapshotsOf(_group).StartOf(newest) : null,
    };

    // One heartbeat may be late by a tick or two.
    private TimeSpan SilenceOfLeader() => TimeSpan.FromMilliseconds((local.Options.HeartbeatTicks + 2) * local.Options.TickMs);

    private HostTime Now() => new(clock.GetUtcNow().ToUnixTimeMilliseconds(), (long)clock.GetElapsedTime(0).TotalMilliseconds);

    private static string NameOf(NodeRole role) => role switch
    {
        NodeRole.Forming => "forming",
        NodeRole.Follower => "follower",
        NodeRole.PreCandidate => "pre-candidate",
        NodeRole.Candidate => "candidate",
        NodeRole.Leader => "leader",
        NodeRole.Learner => "learner",
        NodeRole.Removed => "removed",
        _ => "outcast",
    };
}
