using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Csmr.Client;
using Csmr.Composition.Json;
using Csmr.Composition.Plans;
using Csmr.Grains.Checkpoints;
using Csmr.Grains.Replicas.Membership;
using Csmr.Grains.Routing;
using Csmr.Replication.Ports;

namespace Csmr.Cluster.Tests.Gateway;

/// <summary>Stands for the cluster behind the gateway: binds arguments as the real one does and answers what a test wants.</summary>
internal sealed class FakeInvoker(Plan plan) : IInvoker
{
    /// <summary>What was asked.</summary>
    public ConcurrentQueue<InvocationRequest> Requests { get; } = new();

    /// <summary>What to answer to calls whose arguments fit; the operation's example where null.</summary>
    public Func<InvocationRequest, InvocationReply>? Answer { get; set; }

    public ValueTask<InvocationReply> InvokeAsync(InvocationRequest request, CancellationToken cancellationToken = default)
    {
        Requests.Enqueue(request);
        var operation = plan.Operations.Single(candidate => candidate.Name == request.Operation);
        if (!ArgumentBinder.TryBind(operation.Parameters, request.Arguments, out _, out var problem))
        {
            return new(new InvocationReply
            {
                Status = CallStatus.InvalidArgument,
                Certainty = Certainty.NotDone,
                Code = problem.Code,
                Message = problem.Message,
                Argument = problem.Argument,
                RequestId = "r-1",
            });
        }

        return new(Answer?.Invoke(request) ?? Done(operation));
    }

    public byte[] Describe() => OperationsJson.Describe(plan);

    private static InvocationReply Done(OperationPlan operation)
    {
        var output = new ArrayBufferWriter<byte>();
        OutcomeJson.Write(operation.Fields, Outcome.Done([.. operation.Fields.Select(static _ => Value.Null)]), output);
        return new InvocationReply
        {
            Status = CallStatus.Done,
            Certainty = Certainty.Done,
            Body = output.WrittenSpan.ToArray(),
            RequestId = "r-1",
            Steps = [new StepReply { Step = operation.Name, Group = "early", Slot = 17, State = "done" }],
        };
    }
}

/// <summary>Stands for what the silo knows of the groups: all led by n1, all well, unless a test says otherwise.</summary>
internal sealed class FakeView(Plan plan) : IClusterView
{
    public bool IsReady => Lost.Count == 0;

    public LocalReplicaStatus? LocalReplicas { get; set; }

    /// <summary>The groups without a leader.</summary>
    public HashSet<string> Lost { get; } = [];

    public Task<ClusterStatus> GetStatusAsync(CancellationToken cancellationToken = default) => Task.FromResult(new ClusterStatus(
        "n1",
        IsReady,
        [new SiloEntry("n1", "127.0.0.1:11111@1", "Active"), new SiloEntry("n2", "127.0.0.1:11112@1", "Active")],
        [.. plan.Groups.Select(StatusOf)]));

    public Task<GroupStatus?> GetGroupAsync(GroupId group, CancellationToken cancellationToken = default) =>
        Task.FromResult(plan.Group(group) is { } planned ? StatusOf(planned) : null);

    private GroupStatus StatusOf(GroupPlan group)
    {
        var isLost = Lost.Contains(group.Id.Name);
        return new GroupStatus(group.Id, isLost ? null : "n1", [.. group.Replicas.Select(replica => new ReplicaEntry(
            replica.Id,
            replica.Node,
            replica.IsWitness,
            IsReachable: replica.Node != "n3",
            replica.Node == "n3" ? null : new ReplicaStatus
            {
                Role = !isLost && replica.Node == "n1" ? "leader" : "follower",
                IsServing = !isLost && replica.Node == "n1",
                Leader = isLost ? null : "n1",
                Promised = "3.0",
                LastSlot = 12,
                ChosenUpTo = 12,
                AppliedUpTo = 11,
                Digest = "00000000deadbeef",
                Pending = new PendingStatus
                {
                    Count = replica.Node == "n1" ? 1 : 0,
                    OldestAgeMs = replica.Node == "n1" ? 1500 : 0,
                    Calls = replica.Node == "n1" ? [new PendingEntry { RequestId = "abc-1", Groups = ["early", "late"], State = "proposed" }] : [],
                },
            }))]);
    }
}

/// <summary>Stands for the leaders: whatever is asked is done, but for replica r9, n9 and the group that nobody leads.</summary>
internal sealed class FakeAdmin : IClusterAdmin
{
    public Task<ChangeReply> ChangeAsync(GroupId group, MemberChange change, CancellationToken cancellationToken = default) => Task.FromResult(
        change is { Removed: 9 } ? new ChangeReply(ChangeOutcome.Refused, "the group has no replica r9")
        : change is { Node: "n8" } ? new ChangeReply(ChangeOutcome.Unknown)
        : change is { Node: "n9" } ? new ChangeReply(ChangeOutcome.NotLeader)
        : new ChangeReply(ChangeOutcome.Done, Replica: change.Removed ?? 3));

    public Task<ChangeReply> HandOverAsync(GroupId group, string? node, CancellationToken cancellationToken = default) =>
        Task.FromResult(new ChangeReply(ChangeOutcome.Done, Leader: node ?? "n2"));
}

/// <summary>Texts as bodies.</summary>
internal static class Bodies
{
    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}

/// <summary>Stands for a silo that keeps no checkpoints.</summary>
internal sealed class FakeCheckpoints : ICheckpoints
{
    public ICheckpointStore? Store => null;

    public IReadOnlyList<JobStatus> Jobs => [];

    public JobStatus Create(string? id, IReadOnlyList<string>? services) => throw NotHere();

    public JobStatus Verify(string id) => throw NotHere();

    public JobStatus Restore(string id, IReadOnlyDictionary<string, string>? services, string? key) => throw NotHere();

    private static CheckpointRefusedException NotHere() => new(CheckpointRefusal.NotHere, "this silo keeps no checkpoints");
}
