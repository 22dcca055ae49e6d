using System.Collections.Concurrent;
using System.Text;
using Csmr.Client;
using Csmr.Composition.Json;
using Csmr.Services;

namespace Csmr.Cluster.Tests.Client;

/// <summary>
/// Stands for a cluster that keeps results by session and sequence, and for a way there that loses what a test wants lost.
/// </summary>
internal sealed class FakeProxy : IProxyGrain
{
    private readonly ConcurrentDictionary<(string Session, long Sequence), long> _kept = new();
    private long _executions;

    /// <summary>What was asked, in order.</summary>
    public ConcurrentQueue<InvocationRequest> Requests { get; } = new();

    /// <summary>What happens to the calls: each is taken once; afterwards calls are executed and answered.</summary>
    public ConcurrentQueue<Func<InvocationRequest, Task<InvocationReply>>> Script { get; } = new();

    /// <summary>What happens to calls beyond the script.</summary>
    public Func<InvocationRequest, Task<InvocationReply>>? Otherwise { get; set; }

    /// <summary>How often an operation was really executed.</summary>
    public long Executions => Interlocked.Read(ref _executions);

    public Task<InvocationReply> InvokeAsync(InvocationRequest request)
    {
        Requests.Enqueue(request);
        return Script.TryDequeue(out var step) ? step(request) : (Otherwise ?? (asked => Task.FromResult(Execute(asked))))(request);
    }

    public Task<byte[]> DescribeAsync() => Task.FromResult("""{"operations":[]}"""u8.ToArray());

    /// <summary>Executes a call once; a repetition gets what was kept.</summary>
    public InvocationReply Execute(InvocationRequest request)
    {
        var isReplayed = true;
        var number = _kept.GetOrAdd((request.Session ?? Guid.NewGuid().ToString(), request.Sequence), _ =>
        {
            isReplayed = false;
            return Interlocked.Increment(ref _executions);
        });
        return new InvocationReply
        {
            Status = CallStatus.Done,
            Certainty = Certainty.Done,
            Body = Encoding.UTF8.GetBytes($$"""{"result":{{number}},"version":42}"""),
            RequestId = $"{request.Session}-{request.Sequence}",
            IsReplayed = isReplayed,
            Steps = [new StepReply { Step = "put", Group = "early", Slot = 17, State = "done" }],
        };
    }

    public static InvocationReply Failed(CallStatus status, Certainty certainty, int retryAfterMs = 0) => new()
    {
        Status = status,
        Certainty = certainty,
        Code = "some.code",
        Message = "what to do",
        Argument = "key",
        RequestId = "r-1",
        RetryAfterMs = retryAfterMs,
        Steps = [new StepReply { Step = "put", State = "unknown" }],
    };
}

/// <summary>Stands for a cluster of one shipped machine: binds, executes and answers as the real one does.</summary>
internal sealed class MachineProxy : IProxyGrain
{
    private readonly MachineDefinition _definition;
    private readonly IStateMachine _machine;
    private long _slot;

    public MachineProxy(string machine)
    {
        var type = ShippedMachines.Catalog.Find(machine)!;
        _definition = type.Definition;
        _machine = type.Create(MachineSettings.Defaults(_definition));
    }

    public Task<InvocationReply> InvokeAsync(InvocationRequest request)
    {
        Assert.Equal("api", request.Service);
        var operation = _definition.Find(request.Operation);
        Assert.NotNull(operation);
        Assert.True(
            ArgumentBinder.TryBind(operation.Parameters, request.Arguments, out var arguments, out var problem),
            $"{request.Operation} {Encoding.UTF8.GetString(request.Arguments)}: {problem?.Message}");
        _slot++;
        var outcome = _machine.Apply(new Invocation(operation, arguments), new ApplyContext(new Slot(_slot), 1_000_000 + _slot, SessionId.None));
        if (!outcome.IsDone)
        {
            return Task.FromResult(new InvocationReply
            {
                Status = CallStatus.Refused,
                Certainty = Certainty.NotDone,
                Code = outcome.Code,
                Message = outcome.Message,
            });
        }

        var writer = new WireWriter();
        OutcomeJson.Write(operation.Fields, outcome, writer);
        return Task.FromResult(new InvocationReply { Status = CallStatus.Done, Certainty = Certainty.Done, Body = writer.ToArray() });
    }

    public Task<byte[]> DescribeAsync() => throw new NotSupportedException();
}
