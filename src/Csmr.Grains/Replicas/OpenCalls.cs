using System.Diagnostics;
using Csmr.Replication.Paxos;

namespace Csmr.Grains.Replicas;

/// <summary>The proposals and reads of this replica that someone waits for, by their tokens. Used within the log grain's turns only.</summary>
internal sealed class OpenCalls
{
    private readonly Dictionary<long, OpenCall> _open = [];
    private long _lastToken;

    /// <summary>The group's name, for the metrics.</summary>
    public string Group { get; set; } = "";

    /// <summary>The bytes of all that is open.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether nobody waits.</summary>
    public bool IsEmpty => _open.Count == 0;

    /// <summary>Opens one.</summary>
    /// <param name="batch">Its packed batch.</param>
    /// <param name="token">Its token.</param>
    /// <param name="span">Its span, which ends with it.</param>
    /// <returns>Completes with the answer.</returns>
    public Task<GroupReply> AddAsync(byte[] batch, out long token, Activity? span = null)
    {
        token = ++_lastToken;
        var call = new OpenCall(batch, span);
        _open.Add(token, call);
        Bytes += batch.Length;
        return call.Task;
    }

    /// <summary>The batch of an open call.</summary>
    /// <param name="token">Its token.</param>
    /// <returns>The batch; null where it is not open any more.</returns>
    public byte[]? BatchOf(long token) => _open.GetValueOrDefault(token)?.Batch;

    /// <summary>Where the first traced one of some open calls is in its trace.</summary>
    /// <param name="tokens">Their tokens.</param>
    /// <returns>Where; nowhere where none is traced.</returns>
    public ActivityContext TraceOf(IEnumerable<long> tokens) =>
        tokens.Select(token => _open.GetValueOrDefault(token)?.Span?.Context ?? default).FirstOrDefault(static trace => trace != default);

    /// <summary>Answers one.</summary>
    /// <param name="token">Its token.</param>
    /// <param name="reply">The answer.</param>
    public void End(long token, GroupReply reply)
    {
        if (_open.Remove(token, out var call))
        {
            Bytes -= call.Batch.Length;
            if (reply.Kind == GroupReplyKind.Answered)
            {
                GrainMeter.NoteBatch(Group, call.StartedAt);
            }

            call.Span?.SetTag("csmr.answer", reply.Kind.ToString()).Stop();
            call.TrySetResult(reply);
        }
    }

    /// <summary>Answers one that the node has given up.</summary>
    /// <param name="givenUp">Which and why.</param>
    /// <param name="leader">The node that leads, if known.</param>
    public void End(in GivenUp givenUp, string? leader) => End(givenUp.Token, givenUp.Reason switch
    {
        GivenUpReason.NotLeader => GroupReply.NotLeader(leader),
        GivenUpReason.Overloaded => GroupReply.Overloaded,
        _ => GroupReply.LeadershipLost,
    });

    /// <summary>Answers all: nobody can say any more what becomes of them.</summary>
    public void EndAll()
    {
        foreach (var token in _open.Keys.ToArray())
        {
            End(token, GroupReply.LeadershipLost);
        }
    }

    private sealed class OpenCall(byte[] batch, Activity? span) : TaskCompletionSource<GroupReply>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public byte[] Batch { get; } = batch;

        public Activity? Span { get; } = span;

        public long StartedAt { get; } = Stopwatch.GetTimestamp();
    }
}
