using Csmr.Replication.Machine;

namespace Csmr.Replication.Multicast;

/// <summary>
/// The group's channels to and from other groups, part of its replicated state: what is sent stays in the outbox until the
/// receiver has ordered it, and what is received is numbered, so that no leader on either side loses or doubles anything.
/// </summary>
/// <param name="self">This group.</param>
internal sealed class Channels(GroupId self)
{
    private const byte FormatVersion = 2;

    private readonly SortedDictionary<string, Channel> _peers = new(StringComparer.Ordinal);

    /// <summary>Whether a proposal holds messages of a channel (else it holds commands).</summary>
    public static bool IsBatch(ReadOnlyMemory<byte> proposal) => proposal.Length > 0 && proposal.Span[0] == FormatVersion;

    /// <summary>Puts a message into the outbox to a group.</summary>
    public void Send(GroupId to, ChannelMessage message) => Of(to.Name).Outbox.Enqueue(message.Pack());

    /// <summary>The groups for which something lies in the outbox, with the numbers of the oldest and the newest message.</summary>
    public void Outgoing(List<(GroupId To, long Oldest, long Newest)> into)
    {
        foreach (var (name, channel) in _peers)
        {
            if (channel.Outbox.Count > 0)
            {
                into.Add((new GroupId(name), channel.Trimmed + 1, channel.Trimmed + channel.Outbox.Count));
            }
        }
    }

    /// <summary>
    /// Packs messages to a group as a proposal for its log. Also tells how far this group has received from there, and so
    /// trims the other outbox; without any message, it does only that.
    /// </summary>
    /// <param name="to">The group.</param>
    /// <param name="after">The last message that it is known to have.</param>
    /// <param name="bytesMax">The bytes of messages, at most (a larger one goes alone).</param>
    public byte[] Pack(GroupId to, long after, int bytesMax)
    {
        var channel = _peers.GetValueOrDefault(to.Name) ?? new Channel();
        var first = Math.Max(after, channel.Trimmed) + 1;
        var messages = new List<byte[]>();
        var bytes = 0;
        foreach (var message in channel.Outbox.Skip((int)(first - channel.Trimmed - 1)))
        {
            if (messages.Count > 0 && bytes + message.Length > bytesMax)
            {
                break;
            }

            messages.Add(message);
            bytes += message.Length;
        }

        var writer = new WireWriter(bytes + 64);
        writer.Byte(FormatVersion);
        writer.String(self.Name);
        writer.VarUInt((ulong)channel.Received);
        writer.VarUInt((ulong)first);
        writer.VarUInt((uint)messages.Count);
        foreach (var message in messages)
        {
            writer.Bytes(message);
        }

        return writer.ToArray();
    }

    /// <summary>Packs, as a proposal for this group's own log, that a group has received so much.</summary>
    public static byte[] PackReceived(GroupId by, long upTo)
    {
        var writer = new WireWriter(64);
        writer.Byte(FormatVersion);
        writer.String(by.Name);
        writer.VarUInt((ulong)upTo);
        writer.VarUInt(1);
        writer.VarUInt(0);
        return writer.ToArray();
    }

    /// <summary>Takes a batch of another group from the log.</summary>
    /// <param name="proposal">What <see cref="Pack"/> made there.</param>
    /// <param name="take">Gets each message that is new, in order.</param>
    /// <returns>Up to which message this group has now received from there.</returns>
    /// <exception cref="WireFormatException">The bytes are no batch. Nothing was taken.</exception>
    public long Receive(ReadOnlyMemory<byte> proposal, Action<GroupId, ChannelMessage> take)
    {
        var reader = new WireReader(proposal[1..]);
        var from = new GroupId(reader.String());
        var acknowledged = reader.Number();
        var number = reader.Number();
        var messages = new ChannelMessage[reader.Count(1)];
        for (var i = 0; i < messages.Length; i++)
        {
            messages[i] = ChannelMessage.Read(reader.Bytes());
        }

        reader.End();
        var channel = Of(from.Name);
        channel.Trim(acknowledged);
        foreach (var message in messages)
        {
            if (number == channel.Received + 1)
            {
                channel.Received = number;
                take(from, message);
            }

            number++;
        }

        return channel.Received;
    }

    /// <summary>Writes the channels, sorted.</summary>
    public void Snapshot(WireWriter writer)
    {
        writer.VarUInt((uint)_peers.Count);
        foreach (var (name, channel) in _peers)
        {
            writer.String(name);
            writer.VarUInt((ulong)channel.Received);
            writer.VarUInt((ulong)channel.Trimmed);
            writer.VarUInt((uint)channel.Outbox.Count);
            foreach (var message in channel.Outbox)
            {
                writer.Bytes(message);
            }
        }
    }

    /// <summary>Reads what <see cref="Snapshot"/> wrote, into channels just made.</summary>
    /// <exception cref="WireFormatException">The bytes are no channels.</exception>
    public void Restore(ref WireReader reader)
    {
        string? last = null;
        for (var left = reader.Count(4); left > 0; left--)
        {
            var name = reader.String();
            SnapshotRules.Require(last is null || string.CompareOrdinal(last, name) < 0, "the channels are not in order");
            var channel = new Channel(reader.Number(), reader.Number());
            for (var messages = reader.Count(2); messages > 0; messages--)
            {
                var message = reader.Bytes().ToArray();
                ChannelMessage.Read(message);
                channel.Outbox.Enqueue(message);
            }

            SnapshotRules.Require(channel.Trimmed <= long.MaxValue - channel.Outbox.Count, "a channel ends beyond every number");
            _peers.Add(name, channel);
            last = name;
        }
    }

    private Channel Of(string group)
    {
        if (!_peers.TryGetValue(group, out var channel))
        {
            _peers.Add(group, channel = new Channel());
        }

        return channel;
    }

    private sealed class Channel(long received = 0, long trimmed = 0)
    {
        /// <summary>What the other group is not known to have received, in order.</summary>
        public Queue<byte[]> Outbox { get; } = new();

        /// <summary>The number of the last message that left the outbox.</summary>
        public long Trimmed { get; private set; } = trimmed;

        /// <summary>The number of the last message received from there.</summary>
        public long Received { get; set; } = received;

        public void Trim(long upTo)
        {
            Invariant.Require(upTo <= Trimmed + Outbox.Count, "M1");
            for (; Trimmed < upTo; Trimmed++)
            {
                Outbox.Dequeue();
            }
        }
    }
}
