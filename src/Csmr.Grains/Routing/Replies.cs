using Csmr.Client;
using Csmr.Composition.Json;
using Csmr.Composition.Plans;
using Csmr.Replication.Machine;

namespace Csmr.Grains.Routing;

/// <summary>Makes the answers to calls: status, certainty and a sentence that says what to do. The one place that judges them.</summary>
internal static class Replies
{
    private const int RetryAfterOverloadMs = 200;
    private const int RetryAfterUnavailableMs = 1_000;

    /// <summary>The composition has no such operation.</summary>
    public static InvocationReply UnknownOperation(InvocationRequest request) => NotDone(
        CallStatus.UnknownOperation,
        "unknown-operation",
        request.Service is { } service
            ? $"Service '{service}' offers no operation '{request.Operation}'."
            : $"The composition has no operation '{request.Operation}'.");

    /// <summary>The composition has removed the operation.</summary>
    public static InvocationReply RemovedOperation(string operation, string reason) =>
        NotDone(CallStatus.RemovedOperation, "removed-operation", $"Operation '{operation}' was removed: {reason}");

    /// <summary>The arguments have too many bytes.</summary>
    public static InvocationReply TooLarge(int bytesMax) =>
        NotDone(CallStatus.TooLarge, "too-large", $"The arguments must not have more than {bytesMax} bytes.");

    /// <summary>An argument is wrong.</summary>
    public static InvocationReply InvalidArgument(string code, string? argument, string message) => new()
    {
        Status = CallStatus.InvalidArgument,
        Certainty = Certainty.NotDone,
        Code = code,
        Message = message,
        Argument = argument,
    };

    /// <summary>The run is over: an answer, a refusal or a fault.</summary>
    public static InvocationReply Of(OperationPlan plan, in CallIdentity identity, PlanRun run, CallProgress progress)
    {
        var outcome = run.Result();
        if (outcome.IsDone)
        {
            var writer = new WireWriter();
            OutcomeJson.Write(plan.Fields, outcome, writer);
            return new InvocationReply
            {
                Status = CallStatus.Done,
                Certainty = Certainty.Done,
                Body = writer.ToArray(),
                RequestId = identity.Text,
                IsReplayed = identity.IsRepeatable && progress.IsReplayed,
                Steps = progress.Describe(run, rest: "not-reached"),
            };
        }

        // The refused step changed nothing; steps before it may have, and the trace says which.
        return new InvocationReply
        {
            Status = outcome.Kind == OutcomeKind.Refused ? CallStatus.Refused : CallStatus.Fault,
            Certainty = progress.HasEffects ? Certainty.Done : Certainty.NotDone,
            Code = outcome.Code,
            Message = outcome.Message,
            RequestId = identity.Text,
            IsReplayed = identity.IsRepeatable && progress.IsReplayed,
            Steps = progress.Describe(run, rest: "not-reached"),
        };
    }

    /// <summary>A step got no outcome: the run cannot go on.</summary>
    public static InvocationReply BrokenOff(
        in CallIdentity identity, PlanRun run, CallProgress progress, in StepCall step, in GroupAnswer answer, bool isCommand)
    {
        var verdict = isCommand ? Judge(answer, step.Group) : JudgeRead(answer, step.Group);
        var isKnown = verdict.Certainty == Certainty.NotDone;
        if (progress.HasEffects && isKnown)
        {
            // "Not executed" would be wrong of the whole call: steps before this one were.
            verdict = new Verdict(
                CallStatus.OutcomeUnknown,
                Certainty.Unknown,
                "partly-done",
                $"Steps before '{step.Step.Id}' were done, '{step.Step.Id}' and what follows were not. {verdict.Message}");
        }

        return new InvocationReply
        {
            Status = verdict.Status,
            Certainty = verdict.Certainty,
            Code = verdict.Code,
            Message = verdict.Message,
            RequestId = identity.Text,
            RetryAfterMs = verdict.RetryAfterMs,
            Steps = progress.Describe(run, rest: "not-done", sent: isKnown ? "not-done" : "unknown"),
        };
    }

    /// <summary>Not every group of an atomic operation has answered with results.</summary>
    public static InvocationReply NotAnswered(in CallIdentity identity, PlanRun run, CallProgress progress, GroupAnswer[] answers)
    {
        // Executed anywhere means that it is, or will be, executed everywhere; taken anywhere, that it may be.
        var worst = Array.FindIndex(answers, static answer => answer.Kind == GroupAnswerKind.Unknown);
        var isOpen = worst >= 0 || Array.Exists(answers, static answer => answer is { Kind: GroupAnswerKind.Replied, Reply.Outcome: not null });
        worst = worst >= 0 ? worst : Array.FindIndex(answers, static answer => answer is not { Kind: GroupAnswerKind.Replied, Reply.Outcome: not null });
        worst = Math.Max(worst, 0);
        var group = run.Call.Destinations[worst];
        var verdict = answers[worst] is { Kind: GroupAnswerKind.Replied, Reply.Outcome: { } fault }
            ? new Verdict(CallStatus.Fault, Certainty.NotDone, fault.Code, fault.Message)
            : Judge(answers[worst], group);
        if (isOpen && verdict.Certainty == Certainty.NotDone && verdict.Status != CallStatus.Fault)
        {
            verdict = Unknown(group);
        }

        return new InvocationReply
        {
            Status = verdict.Status,
            Certainty = verdict.Certainty,
            Code = verdict.Code,
            Message = verdict.Message,
            RequestId = identity.Text,
            RetryAfterMs = verdict.RetryAfterMs,
            Steps = progress.Describe(run, rest: verdict.Certainty == Certainty.NotDone ? "not-done" : "unknown"),
        };
    }

    private static Verdict Judge(in GroupAnswer answer, GroupId group) => answer.Kind switch
    {
        GroupAnswerKind.Overloaded => Overloaded(group),
        GroupAnswerKind.Unavailable => Unavailable(group),
        GroupAnswerKind.Unknown => Unknown(group),
        _ when answer.MayHaveRunBefore => answer.Reply.Kind == CommandReplyKind.IdReused ? KeyReused() : Unknown(group),
        _ => answer.Reply.Kind switch
        {
            CommandReplyKind.IdReused => KeyReused(),
            CommandReplyKind.SessionsFull => Overloaded(group),
            CommandReplyKind.Superseded => new Verdict(
                CallStatus.Expired, Certainty.Unknown, "superseded", "The session has acknowledged this request before: its answer is not kept any more."),
            _ => new Verdict(
                CallStatus.Expired, Certainty.Unknown, "expired", "The request is older than its results are kept, or wants them kept for longer than is allowed."),
        },
    };

    private static Verdict JudgeRead(in GroupAnswer answer, GroupId group) =>
        answer.Kind == GroupAnswerKind.Overloaded ? Overloaded(group) : Unavailable(group);

    private static Verdict KeyReused() => new(
        CallStatus.KeyReused, Certainty.NotDone, "key-reused", "This key (or sequence) was used before for another request. Take a new one.");

    private static Verdict Overloaded(GroupId group) => new(
        CallStatus.Overloaded, Certainty.NotDone, "overloaded", $"Group '{group}' has more waiting than it takes. Try again after a while.", RetryAfterOverloadMs);

    private static Verdict Unavailable(GroupId group) => new(
        CallStatus.Unavailable, Certainty.NotDone, "unavailable", $"Group '{group}' has no leader with a quorum that can be reached.", RetryAfterUnavailableMs);

    private static Verdict Unknown(GroupId group) => new(
        CallStatus.OutcomeUnknown, Certainty.Unknown, "outcome-unknown", $"Group '{group}' did not say in time what became of the request. Repeat it with the same key to learn it.");

    private static InvocationReply NotDone(CallStatus status, string code, string message) => new()
    {
        Status = status,
        Certainty = Certainty.NotDone,
        Code = code,
        Message = message,
    };

    private readonly record struct Verdict(CallStatus Status, Certainty Certainty, string Code, string Message, int RetryAfterMs = 0);
}
