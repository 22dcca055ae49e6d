using Csmr.Composition.Plans;
using Csmr.Composition.Programs;
using Csmr.Grains.Routing;
using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;

namespace Csmr.Grains.Checkpoints;

/// <summary>Sends <see cref="TransferOperations"/> to groups, and sends them again until they answer: with its own id, each is executed once.</summary>
/// <param name="groups">The ways to the groups.</param>
/// <param name="clock">The time.</param>
internal sealed class TransferCalls(GroupDirectory groups, TimeProvider clock)
{
    /// <summary>How long a group may be without a leader before a job gives up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private const int TryMs = 10_000;

    /// <summary>More than any repetition of a job's call comes later: see <see cref="SessionTable"/>.</summary>
    private const long KeptMs = 3_600_000;

    /// <summary>Executes an operation at one group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="id">The request, the same in every try.</param>
    /// <param name="invocation">The packed invocation.</param>
    /// <returns>Completes when it is done.</returns>
    /// <exception cref="NotDoneException">The group has refused it, or nobody has answered for long.</exception>
    public async Task ExecuteAsync(GroupId group, RequestId id, byte[] invocation)
    {
        var command = new Command(id, ExpiresAtMs: 0, AcknowledgedBelow: id.Sequence, IsCallerSession: false, invocation);
        var answer = await AskAsync(group, command);
        if (answer.Reply.Outcome is not { IsDone: true })
        {
            throw new NotDoneException($"group {group}: {Why(answer)}");
        }
    }

    /// <summary>Executes a composite operation at several groups: everywhere or nowhere.</summary>
    /// <param name="destinations">The groups, in order of their names.</param>
    /// <param name="id">The request, the same in every try.</param>
    /// <param name="program">The steps.</param>
    /// <returns>The outcomes of the steps by their positions.</returns>
    /// <exception cref="NotDoneException">A step was refused, or failed: then none of those behind it was done.</exception>
    /// <exception cref="OutcomeUnknownException">Nobody has said for long what became of it.</exception>
    public async Task<IReadOnlyDictionary<int, SettledStep>> MulticastAsync(IReadOnlyList<GroupId> destinations, RequestId id, CompositeProgram program)
    {
        var body = new MulticastCall(destinations, program.ToBytes()).Pack();
        var command = new Command(id, ExpiresAtMs: 0, AcknowledgedBelow: 0, IsCallerSession: false, body, IsComposite: true);
        var answers = await Task.WhenAll(destinations.Select(group => AskAsync(group, command)));
        if (Array.FindIndex(answers, static answer => answer.Reply.Outcome is not { IsDone: true }) is >= 0 and var failed)
        {
            // Where one group has executed it, all will.
            var mayBeDone = Array.Exists(answers, static answer => answer.Kind == GroupAnswerKind.Unknown || answer.MayHaveRunBefore || answer.Reply.Outcome is not null);
            var message = $"group {destinations[failed]}: {Why(answers[failed])}";
            throw mayBeDone ? new OutcomeUnknownException(message) : new NotDoneException(message);
        }

        var steps = answers.SelectMany(static answer => MulticastCall.ReadResults(answer.Reply.Outcome!)).ToDictionary(static settled => settled.Step);
        foreach (var (_, result, _) in steps.Values.OrderBy(static settled => settled.Step))
        {
            if (result.Outcome is { IsDone: false } outcome)
            {
                throw new NotDoneException(outcome.Message);
            }
        }

        return steps;
    }

    private async Task<GroupAnswer> AskAsync(GroupId group, Command command)
    {
        var begun = clock.GetTimestamp();
        while (true)
        {
            var answer = await groups[group].ExecuteAsync(command, KeptMs, Environment.TickCount64 + TryMs, CancellationToken.None);
            var isOver = answer.Kind == GroupAnswerKind.Replied && answer.Reply.Kind != CommandReplyKind.SessionsFull;
            if (isOver || clock.GetElapsedTime(begun) > Patience)
            {
                return answer;
            }

            await Task.Delay(Pause, clock);
        }
    }

    private static string Why(in GroupAnswer answer) => answer switch
    {
        { Reply.Outcome: { } outcome } => outcome.Message,
        { Kind: GroupAnswerKind.Replied, Reply.Kind: var kind } => $"answered '{kind}'",
        { Kind: GroupAnswerKind.Overloaded } => "too much is waiting there; try again",
        _ => "no leader with a quorum has answered",
    };
}
