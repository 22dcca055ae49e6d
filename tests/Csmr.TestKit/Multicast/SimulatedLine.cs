namespace Csmr.TestKit.Multicast;

/// <summary>What a leader knows of the channel to another group: none of it survives the leader.</summary>
internal sealed class SimulatedLine
{
    private int _tried;
    private bool _isFromHint;

    /// <summary>The last message that the other group is known to have received.</summary>
    public long Known { get; set; }

    /// <summary>The newest message in the outbox.</summary>
    public long Newest { get; set; }

    /// <summary>The replica of the other group to which batches go.</summary>
    public int Target { get; private set; }

    /// <summary>Whether a batch is under way.</summary>
    public bool IsUnderWay { get; set; }

    /// <summary>When the batch under way counts as lost, or the next one may go.</summary>
    public long WaitsUntilUs { get; set; }

    /// <summary>Ticks without news.</summary>
    public int QuietTicks { get; set; }

    /// <summary>The target does not lead, or does not answer.</summary>
    /// <param name="hint">Who leads as far as it knows; -1 where it does not. Followed once, lest it and one that is gone name each other for ever.</param>
    /// <param name="replicas">How many there are.</param>
    public void TurnTo(int hint, int replicas)
    {
        _isFromHint = hint >= 0 && !_isFromHint;
        Target = _isFromHint ? hint : _tried = (_tried + 1) % replicas;
    }
}

/// <summary>A request of a gateway on its way to a replica.</summary>
/// <param name="Attempt">The gateway's attempt.</param>
/// <param name="Group">The group.</param>
/// <param name="IsRead">Whether it goes past the log.</param>
internal sealed record GatewayRequest(GatewayAttempt Attempt, int Group, bool IsRead);

/// <summary>A replica's reply on its way to a gateway.</summary>
/// <param name="Request">What it answers.</param>
/// <param name="Reply">The reply; null where the replica gave the request up.</param>
/// <param name="Hint">Who leads there, as far as the replica knows; -1 where it does not.</param>
internal sealed record GatewayReply(GatewayRequest Request, Csmr.Replication.Machine.CommandReply? Reply, int Hint);

/// <summary>A batch of a channel on its way to a replica of the other group.</summary>
/// <param name="From">The group that sends.</param>
/// <param name="Sender">The replica that sends.</param>
/// <param name="Life">The life of the replica that sends.</param>
/// <param name="To">The group that receives.</param>
/// <param name="Packed">The batch.</param>
internal sealed record ChannelBatch(int From, int Sender, int Life, int To, byte[] Packed);

/// <summary>The answer to a batch of a channel.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Received">Up to which message everything is received; null where it was given up.</param>
/// <param name="Hint">Who leads there, as far as the replica knows; -1 where it does not.</param>
internal sealed record ChannelAnswer(ChannelBatch Batch, long? Received, int Hint);
