using Csmr.Replication.Machine;

namespace Csmr.Replication.Multicast;

/// <summary>
/// One exchange of words about one operation. Each destination says one word in a round to all the others, a proposal or a void;
/// channels keep the order of words, and a group begins the next round about the same operation only when it has heard all words
/// of this one. So all destinations see the same words, and decide alike.
/// </summary>
/// <param name="destinations">The destinations.</param>
/// <param name="content">The fingerprint of the operation's content.</param>
internal sealed class VoteRound(IReadOnlyList<GroupId> destinations, ulong content)
{
    private readonly ChannelMessage?[] _words = new ChannelMessage?[destinations.Count];

    /// <summary>The destinations, in order.</summary>
    public IReadOnlyList<GroupId> Destinations { get; } = destinations;

    /// <summary>The fingerprint of the operation's content.</summary>
    public ulong Content { get; } = content;

    /// <summary>The operation here; null where this group does not take part, or it is void.</summary>
    public Composite? Composite { get; set; }

    /// <summary>Words of the next round that came early, in order.</summary>
    public Queue<(GroupId From, ChannelMessage Word)> Early { get; } = new();

    /// <summary>Whether all words have come.</summary>
    public bool IsClosed => Array.TrueForAll(_words, static word => word is not null);

    /// <summary>The largest proposal.</summary>
    public Timestamp Final => _words.Select((word, i) => new Timestamp(((Proposed)word!).Clock, Destinations[i])).Max();

    /// <summary>Whether a group has said its word.</summary>
    public bool HasWordOf(GroupId group) => _words[IndexOf(group)] is not null;

    /// <summary>Takes a group's word.</summary>
    public void Hear(GroupId group, ChannelMessage word) => _words[IndexOf(group)] = word;

    /// <summary>Writes it.</summary>
    public void Snapshot(WireWriter writer)
    {
        writer.UInt64(Content);
        writer.Bool(Composite is not null);
        foreach (var word in _words)
        {
            writer.Bytes(word?.Pack());
        }

        writer.VarUInt((uint)Early.Count);
        foreach (var (from, word) in Early)
        {
            writer.String(from.Name);
            writer.Bytes(word.Pack());
        }
    }

    private int IndexOf(GroupId group)
    {
        for (var i = 0; i < Destinations.Count; i++)
        {
            if (Destinations[i] == group)
            {
                return i;
            }
        }

        throw new InvalidOperationException($"group {group} is no destination");
    }
}
