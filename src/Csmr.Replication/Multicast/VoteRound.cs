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
        writer.VarUInt((uint)Destinations.Count);
        foreach (var group in Destinations)
        {
            writer.String(group.Name);
        }

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

    /// <summary>Reads what <see cref="Snapshot"/> wrote.</summary>
    /// <param name="reader">Where from.</param>
    /// <param name="id">What the round is about.</param>
    /// <param name="self">This group.</param>
    /// <param name="open">The composite operation of an id and a content; null where there is none.</param>
    /// <exception cref="WireFormatException">The bytes are no round.</exception>
    public static VoteRound Read(ref WireReader reader, RequestId id, GroupId self, Func<RequestId, ulong, Composite?> open)
    {
        var content = reader.UInt64();
        var destinations = new GroupId[reader.Count(2)];
        for (var i = 0; i < destinations.Length; i++)
        {
            destinations[i] = new GroupId(reader.String());
        }

        SnapshotRules.Require(destinations.Contains(self), "a round is about an operation that is none of this group");
        var round = new VoteRound(destinations, content);
        if (reader.Bool())
        {
            round.Composite = open(id, content);
            SnapshotRules.Require(
                round.Composite is { IsFinal: false } composite && composite.Call.Destinations.SequenceEqual(destinations), "a round is about an operation that is not pending");
        }

        for (var i = 0; i < destinations.Length; i++)
        {
            var word = reader.Bytes();
            round._words[i] = word.IsEmpty ? null : ReadWord(word, id);
        }

        SnapshotRules.Require(round.HasWordOf(self) && !round.IsClosed, "a round is closed, or has not begun");
        for (var left = reader.Count(3); left > 0; left--)
        {
            var from = new GroupId(reader.String());
            SnapshotRules.Require(destinations.Contains(from), $"a word came early from {from}, which is no destination");
            round.Early.Enqueue((from, ReadWord(reader.Bytes(), id)));
        }

        return round;
    }

    // The bytes are copied: a word must not keep the whole snapshot in memory.
    private static ChannelMessage ReadWord(ReadOnlyMemory<byte> packed, RequestId id)
    {
        var word = ChannelMessage.Read(packed.ToArray());
        SnapshotRules.Require(word is Proposed or Voided && word.Id == id, "a round holds something that is no word about it");
        return word;
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
