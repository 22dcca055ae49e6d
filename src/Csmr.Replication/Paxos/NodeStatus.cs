namespace Csmr.Replication.Paxos;

/// <summary>What a node is doing.</summary>
public enum NodeRole
{
    /// <summary>Its disk is new: it waits until all members have confirmed that theirs are too.</summary>
    Forming = 0,

    /// <summary>It votes and learns.</summary>
    Follower = 1,

    /// <summary>It asks whether a quorum would vote for it.</summary>
    PreCandidate = 2,

    /// <summary>It is in phase 1 of its own ballot.</summary>
    Candidate = 3,

    /// <summary>It leads.</summary>
    Leader = 4,

    /// <summary>Its disk is empty though the group was formed with another one: it must not vote and has to be replaced.</summary>
    Outcast = 5,

    /// <summary>It keeps the log; its votes do not count yet.</summary>
    Learner = 6,

    /// <summary>It was a member, and is none any more: it will not be heard again.</summary>
    Removed = 7,
}

/// <summary>A node's state, for people and for routing.</summary>
/// <param name="Role">What it is doing.</param>
/// <param name="Promised">The highest ballot that it takes part in.</param>
/// <param name="Leader">Who leads, as far as it knows.</param>
/// <param name="IsServing">Whether it leads and takes proposals and reads: an entry of its own ballot is chosen, and it is not about to hand over.</param>
/// <param name="Last">The last slot in its log.</param>
/// <param name="ChosenUpTo">All slots up to here are known as chosen.</param>
public readonly record struct NodeStatus(NodeRole Role, Ballot Promised, ReplicaId? Leader, bool IsServing, Slot Last, Slot ChosenUpTo);
