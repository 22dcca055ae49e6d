using Csmr.Composition.Plans;
using Csmr.Grains.Replicas.Pinning;
using Csmr.Replication.Paxos;

namespace Csmr.Grains.Replicas;

/// <summary>
/// Sends messages to the other replicas of a group, one-way. What cannot be sent is dropped and counted: the node sends
/// again by itself.
/// </summary>
internal sealed class PeerLinks
{
    // Orleans queues without bound for a silo that does not read. To a peer that has not been heard for a while goes little.
    private const int LargeBytes = 16 << 10;
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(1);

    private readonly int _self;
    private readonly TimeProvider _clock;
    private readonly SiloMap _silos;
    private readonly Peer[] _peers;
    private Message? _lastMessage;
    private byte[] _lastPacked = [];

    /// <summary>Makes them.</summary>
    /// <param name="group">The group.</param>
    /// <param name="self">This replica.</param>
    /// <param name="silos">Where the silos are.</param>
    /// <param name="grains">Makes references.</param>
    /// <param name="clock">Measures silence.</param>
    public PeerLinks(GroupPlan group, ReplicaId self, SiloMap silos, IGrainFactory grains, TimeProvider clock)
    {
        _clock = clock;
        _self = self.Ordinal;
        _silos = silos;
        _peers = [.. group.Replicas.Select(replica =>
            new Peer(replica.Node, grains.GetGrain<IPaxosLogGrain>(ReplicaKey.Of(replica.Node, group.Id))))];
    }

    /// <summary>Sends a message, if the receiver's silo is there.</summary>
    /// <param name="envelope">The message.</param>
    public void Send(in Envelope envelope)
    {
        var peer = _peers[envelope.To.Ordinal];
        if (_silos.Find(peer.Node) is null)
        {
            GrainMeter.MessagesDropped.Add(1);
            return;
        }

        try
        {
            var packed = Pack(envelope.Message);
            if (packed.Length > LargeBytes && !MaySendLarge(peer))
            {
                GrainMeter.MessagesDropped.Add(1);
                return;
            }

            // One-way: the task is complete at once, and says nothing about the delivery.
            _ = peer.Grain.DeliverAsync(_self, packed);
        }
        catch (Exception)
        {
            // Whatever keeps a message from being sent is the peer's or the network's trouble, never this turn's.
            GrainMeter.MessagesDropped.Add(1);
        }
    }

    /// <summary>A message of a peer has arrived.</summary>
    /// <param name="from">The peer's ordinal.</param>
    public void Hear(int from)
    {
        if (from >= 0 && from < _peers.Length)
        {
            _peers[from].HeardAt = _clock.GetTimestamp();
        }
    }

    /// <summary>Whether a large message may go to a peer: always while it is heard, else one at a time now and then.</summary>
    private bool MaySendLarge(Peer peer)
    {
        if (_clock.GetElapsedTime(peer.HeardAt) <= SilenceMax)
        {
            return true;
        }

        if (_clock.GetElapsedTime(peer.LargeSentAt) <= SilenceMax)
        {
            return false;
        }

        peer.LargeSentAt = _clock.GetTimestamp();
        return true;
    }

    /// <summary>Packs a message; one that goes to several peers, once.</summary>
    private byte[] Pack(Message message)
    {
        if (!ReferenceEquals(message, _lastMessage))
        {
            (_lastMessage, _lastPacked) = (message, MessageCodec.Pack(message));
        }

        return _lastPacked;
    }

    private sealed class Peer(string node, IPaxosLogGrain grain)
    {
        public string Node { get; } = node;

        public IPaxosLogGrain Grain { get; } = grain;

        public long HeardAt { get; set; }

        public long LargeSentAt { get; set; }
    }
}
