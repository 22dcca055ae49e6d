namespace Csmr.Replication.Paxos;

/// <summary>What a leader knows of one peer: how much of its ballot is durable there, and what was sent.</summary>
internal sealed class PeerProgress
{
    /// <summary>The peer's votes: every slot up to here is durable there in the leader's ballot, or chosen. Never goes down.</summary>
    public Slot Voted { get; private set; }

    /// <summary>Where the peer said last that it stands: may be lower than <see cref="Voted"/> after a restart of the peer.</summary>
    public Slot Reported { get; private set; }

    /// <summary>The next slot to send; none until the peer was heard.</summary>
    public Slot? Next { get; set; }

    /// <summary>The last slot of each message that is in flight.</summary>
    public Queue<Slot> InFlight { get; } = [];

    /// <summary>The newest round of read confirmation that the peer has answered.</summary>
    public long Round { get; private set; }

    /// <summary>Ticks since anything was heard in this ballot.</summary>
    public int SilenceTicks { get; set; }

    /// <summary>Ticks since anything was sent.</summary>
    public int QuietTicks { get; set; }

    /// <summary>Ticks since the report last moved while something was in flight.</summary>
    public int StuckTicks { get; set; }

    /// <summary>After a loss, one message at a time until the peer moves again.</summary>
    public bool IsProbing { get; set; }

    /// <summary>The peer has answered.</summary>
    /// <returns>Whether its report has moved forward.</returns>
    public bool OnAccepted(Accepted accepted)
    {
        SilenceTicks = 0;
        Round = Math.Max(Round, accepted.Round);
        Voted = accepted.UpTo > Voted ? accepted.UpTo : Voted;
        var moved = accepted.UpTo > Reported || Next is null;
        Reported = accepted.UpTo;
        if (moved)
        {
            StuckTicks = 0;
            IsProbing = false;
        }

        while (InFlight.TryPeek(out var end) && end <= Reported)
        {
            InFlight.Dequeue();
        }

        if (Next is not { } next || next <= Reported)
        {
            SendFrom(Reported.Next);
        }

        return moved;
    }

    /// <summary>Takes the peer's word for where its log is known as chosen, before the first answer.</summary>
    public void Start(Slot chosenUpTo)
    {
        Reported = chosenUpTo;
        SendFrom(chosenUpTo.Next);
    }

    /// <summary>Nothing was heard of what is in flight: sends it again, carefully.</summary>
    public void Resend()
    {
        StuckTicks = 0;
        IsProbing = true;
        SendFrom(Reported.Next);
    }

    private void SendFrom(Slot slot)
    {
        Next = slot;
        InFlight.Clear();
    }
}
