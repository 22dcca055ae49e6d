using System.Collections.Frozen;
using System.Diagnostics;
using Csmr.Client;
using Csmr.Composition.Json;
using Csmr.Composition.Plans;
using Csmr.Grains.Hosting;
using Csmr.Replication.Machine;
using Microsoft.Extensions.Options;

namespace Csmr.Grains.Routing;

/// <summary>
/// Executes calls: binds the arguments, runs the plan step by step, each step at the leader of its group, and makes the
/// answer. What it promises about tries, ids and certainty is at <see cref="GroupAnswer"/> and <see cref="CallStatus"/>.
/// </summary>
internal sealed class Invoker : IInvoker
{
    [ThreadStatic]
    private static WireWriter? _packing;

    private readonly FrozenDictionary<string, OperationPlan> _operations;
    private readonly GroupDirectory _groups;
    private readonly GatewayOptions _options;
    private readonly GatewaySession _session = new();
    private readonly Lazy<byte[]> _description;

    /// <summary>Makes it.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="groups">The ways to the groups.</param>
    /// <param name="options">The bounds.</param>
    public Invoker(Plan plan, GroupDirectory groups, IOptions<GatewayOptions> options)
    {
        _operations = plan.Operations.ToFrozenDictionary(static operation => operation.Name, StringComparer.Ordinal);
        _groups = groups;
        _options = options.Value;
        _description = new Lazy<byte[]>(() => OperationsJson.Describe(plan));
    }

    /// <inheritdoc/>
    public byte[] Describe() => _description.Value;

    /// <inheritdoc/>
    public async ValueTask<InvocationReply> InvokeAsync(InvocationRequest request, CancellationToken cancellationToken = default)
    {
        if (!_operations.TryGetValue(request.Operation, out var plan)
            || (request.Service is { } service && !string.Equals(service, plan.Service, StringComparison.Ordinal)))
        {
            // Not measured: whatever callers make up would be a series of its own.
            return Replies.UnknownOperation(request);
        }

        var start = Stopwatch.GetTimestamp();
        using var span = CallTrace.StartCall(plan);
        var reply = await CallAsync(request, plan, cancellationToken);
        span?.SetTag("csmr.outcome", reply.Status.ToString()).SetTag("csmr.request_id", reply.RequestId);
        GrainMeter.NoteCall(plan.Name, reply.Status, start);
        return reply;
    }

    private async ValueTask<InvocationReply> CallAsync(InvocationRequest request, OperationPlan plan, CancellationToken cancellationToken)
    {
        if (plan.RemovedReason is { } reason)
        {
            return Replies.RemovedOperation(plan.Name, reason);
        }

        if (request.Arguments.Length > _options.ArgumentsBytesMax)
        {
            return Replies.TooLarge(_options.ArgumentsBytesMax);
        }

        if (!ArgumentBinder.TryBind(plan.Parameters, request.Arguments, out var arguments, out var problem))
        {
            return Replies.InvalidArgument(problem.Code, problem.Argument, problem.Message);
        }

        if (CallIdentity.TryMake(request, _options, out var identity) is { } flaw)
        {
            return Replies.InvalidArgument("request-id", flaw.Argument, flaw.Message);
        }

        var timeoutMs = request.TimeoutMs > 0 ? Math.Min(request.TimeoutMs, _options.CallTimeoutMsMax) : _options.CallTimeoutMs;
        var deadline = Environment.TickCount64 + timeoutMs;
        if (identity.IsRepeatable)
        {
            return await RunAsync(request, plan, arguments, identity, deadline, cancellationToken);
        }

        var sequence = _session.Begin(out var acknowledgedBelow);
        try
        {
            identity = new CallIdentity(
                _session.Id, sequence, acknowledgedBelow, ExpiresAtMs: 0, timeoutMs + _options.ExpiryMarginMs, IsCallerSession: false, IsRepeatable: false);
            return await RunAsync(request, plan, arguments, identity, deadline, cancellationToken);
        }
        finally
        {
            _session.End(sequence);
        }
    }

    private async ValueTask<InvocationReply> RunAsync(
        InvocationRequest request, OperationPlan plan, Value[] arguments, CallIdentity identity, long deadline, CancellationToken cancellationToken)
    {
        var run = new PlanRun(plan, arguments);
        var progress = new CallProgress(plan, request.IsExplained);
        if (AtomicCall.IsNeeded(plan, run))
        {
            return await new AtomicCall(plan, run, progress, identity, _groups).RunAsync(deadline, cancellationToken);
        }

        while (run.TryNext(out var step))
        {
            var isCommand = MustBeOrdered(plan, step, identity);
            var answer = await SendAsync(step, isCommand, identity, deadline, cancellationToken);
            if (answer.Reply.Kind == CommandReplyKind.MustBeOrdered)
            {
                // It meets operations that are pending over several groups, and takes its place among them.
                isCommand = true;
                answer = await SendAsync(step, isCommand, identity, deadline, cancellationToken);
            }

            if (answer.Kind != GroupAnswerKind.Replied || answer.Reply.Outcome is not { } outcome)
            {
                return Replies.BrokenOff(identity, run, progress, step, answer, isCommand);
            }

            progress.Add(step, answer);
            run.Answer(outcome);
        }

        return Replies.Of(plan, identity, run, progress);
    }

    /// <summary>
    /// Whether a step goes through the log. Updates do. So do the reads of a call that changes something and can be repeated:
    /// a repetition must see what the first try saw, or its later steps would differ.
    /// </summary>
    private static bool MustBeOrdered(OperationPlan plan, in StepCall step, in CallIdentity identity) =>
        step.Invocation.Operation.Access == OperationAccess.Update || (identity.IsRepeatable && plan.Access == OperationAccess.Update);

    private Task<GroupAnswer> SendAsync(
        in StepCall step, bool isCommand, in CallIdentity identity, long deadline, CancellationToken cancellationToken)
    {
        var writer = _packing ??= new WireWriter(4096);
        writer.Clear();
        step.Invocation.Write(writer);
        var packed = writer.ToArray();
        var group = _groups[step.Group];
        return isCommand
            ? group.ExecuteAsync(identity.CommandOf(step.Index, packed), identity.KeptMs, deadline, cancellationToken)
            : group.ReadAsync(packed, deadline, cancellationToken);
    }
}
