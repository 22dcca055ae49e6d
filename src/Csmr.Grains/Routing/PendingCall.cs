using System.Diagnostics;
using Csmr.Replication.Machine;

namespace Csmr.Grains.Routing;

/// <summary>How a group's answer to one command or read came about.</summary>
internal enum GroupAnswerKind : byte
{
    /// <summary>The group replied.</summary>
    Replied = 0,

    /// <summary>Never sent to a leader that could take it, or surely not taken: not executed.</summary>
    Unavailable = 1,

    /// <summary>Refused for want of room: not executed.</summary>
    Overloaded = 2,

    /// <summary>Sent, and nobody said what became of it: may be executed yet.</summary>
    Unknown = 3,
}

/// <summary>What a caller learns of one command or read.</summary>
/// <param name="Kind">How the answer came about.</param>
/// <param name="Reply">The reply, where there is one.</param>
/// <param name="MayHaveRunBefore">Whether an earlier try of this call may have been executed.</param>
internal readonly record struct GroupAnswer(GroupAnswerKind Kind, CommandReply Reply, bool MayHaveRunBefore);

/// <summary>
/// One command or read on its way to a group: waits, flies in a batch, waits again … and ends once. Who ends it knows for
/// certain whether it may have been executed, since "sent" is set before the sending.
/// </summary>
/// <param name="command">The command; for a read its invocation alone counts.</param>
/// <param name="keptMs">For how long after it is first sent it may be executed, by the group's time; 0 where the command says until when.</param>
/// <param name="deadline">When its caller wants an answer (<see cref="Environment.TickCount64"/>).</param>
internal sealed class PendingCall(in Command command, long keptMs, long deadline)
    : TaskCompletionSource<GroupAnswer>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    // A command's other fields take at most this much in a batch.
    private const int HeaderBytes = 64;

    private const int Waiting = 0;
    private const int Flying = 1;
    private const int WaitingAgain = 2;
    private const int Ended = 3;

    private Command _command = command;
    private bool _isStamped = keptMs == 0;
    private bool _isStampedAgain;
    private int _phase;
    private bool _mayHaveRun;

    /// <summary>The command.</summary>
    public ref readonly Command Command => ref _command;

    /// <summary>The command as it is sent: with the same expiry in every try.</summary>
    /// <param name="nowMs">The group's time.</param>
    /// <returns>The command.</returns>
    public Command Stamped(long nowMs)
    {
        if (!_isStamped)
        {
            _isStamped = true;
            _command = _command with { ExpiresAtMs = nowMs + keptMs };
        }

        return _command;
    }

    /// <summary>
    /// The group refused it as expired. Where its expiry was reckoned here, and it was surely not executed, the reckoning was
    /// wrong: it is sent once more, now that the group has told its time.
    /// </summary>
    /// <returns>Whether it is to be sent once more.</returns>
    public bool TryStampAgain()
    {
        if (keptMs == 0 || _mayHaveRun || _isStampedAgain)
        {
            return false;
        }

        _isStampedAgain = true;
        _isStamped = false;
        Land(isCertain: true);
        return true;
    }

    /// <summary>Where it is in its trace.</summary>
    public ActivityContext Trace { get; } = CallTrace.Here;

    /// <summary>When its caller wants an answer.</summary>
    public long Deadline { get; } = deadline;

    /// <summary>What it takes in a batch, at most.</summary>
    public int Bytes => _command.Invocation.Length + HeaderBytes;

    /// <summary>Whether it has ended.</summary>
    public bool IsEnded => Volatile.Read(ref _phase) == Ended;

    /// <summary>Whether an earlier try may have been executed.</summary>
    public bool MayHaveRun => _mayHaveRun;

    /// <summary>Goes into a batch that is about to be sent.</summary>
    /// <returns>False where it has ended.</returns>
    public bool TryFly() =>
        Interlocked.CompareExchange(ref _phase, Flying, _mayHaveRun ? WaitingAgain : Waiting) != Ended;

    /// <summary>The batch came back without an answer.</summary>
    /// <param name="isCertain">Whether it was surely not executed in this try.</param>
    public void Land(bool isCertain)
    {
        _mayHaveRun |= !isCertain;
        Interlocked.CompareExchange(ref _phase, _mayHaveRun ? WaitingAgain : Waiting, Flying);
    }

    /// <summary>Whether the group has taken it into its order, and its answer is awaited.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>The group replied.</summary>
    /// <param name="reply">The reply.</param>
    public void End(in CommandReply reply)
    {
        if (Interlocked.Exchange(ref _phase, Ended) != Ended)
        {
            TrySetResult(new GroupAnswer(GroupAnswerKind.Replied, reply, _mayHaveRun));
        }
    }

    /// <summary>The group has no room. To be called only where no earlier try may have been executed, and when it is not flying.</summary>
    public void EndOverloaded()
    {
        if (Interlocked.Exchange(ref _phase, Ended) != Ended)
        {
            TrySetResult(new GroupAnswer(GroupAnswerKind.Overloaded, default, MayHaveRunBefore: false));
        }
    }

    /// <summary>Nobody waits any longer.</summary>
    public void GiveUp()
    {
        var phase = Interlocked.Exchange(ref _phase, Ended);
        if (phase != Ended)
        {
            var kind = phase == Waiting ? GroupAnswerKind.Unavailable : GroupAnswerKind.Unknown;
            TrySetResult(new GroupAnswer(kind, default, phase != Waiting));
        }
    }
}
