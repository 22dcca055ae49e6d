namespace Csmr.Replication.Paxos;

/// <summary>The voters of one configuration and what each has answered a candidate.</summary>
internal sealed class VoterRound
{
    /// <summary>Begins a round in which nobody has answered.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="next">The first slot that promises are to tell of.</param>
    public VoterRound(GroupConfiguration configuration, Slot next)
    {
        Configuration = configuration;
        Voters = [.. configuration.Voters.Select(id => new Voter(id) { Next = next })];
    }

    /// <summary>The configuration.</summary>
    public GroupConfiguration Configuration { get; }

    /// <summary>Its voters.</summary>
    public IReadOnlyList<Voter> Voters { get; }

    /// <summary>Whether a quorum would vote for the candidate.</summary>
    public bool IsGranted => Voters.Count(static voter => voter.HasGranted) >= Configuration.Quorum;

    /// <summary>Whether a quorum has promised.</summary>
    public bool IsPromised => Voters.Count(static voter => voter.HasPromised) >= Configuration.Quorum;

    /// <summary>The voter with an id; null for who does not vote.</summary>
    public Voter? Find(ReplicaId id)
    {
        foreach (var voter in Voters)
        {
            if (voter.Id == id)
            {
                return voter;
            }
        }

        return null;
    }

    /// <summary>A replica would vote for the candidate.</summary>
    public void Grant(ReplicaId id)
    {
        if (Find(id) is { } voter)
        {
            voter.HasGranted = true;
        }
    }

    /// <summary>One of them.</summary>
    /// <param name="Id">Its id.</param>
    internal sealed record Voter(ReplicaId Id)
    {
        /// <summary>Whether it would vote for the candidate.</summary>
        public bool HasGranted { get; set; }

        /// <summary>Whether it has promised, and told all that it has accepted.</summary>
        public bool HasPromised { get; set; }

        /// <summary>The next slot that its promise is to tell of.</summary>
        public Slot Next { get; set; }

        /// <summary>Up to where it knew the log as chosen, once it has promised something.</summary>
        public Slot? ChosenUpTo { get; set; }
    }
}
