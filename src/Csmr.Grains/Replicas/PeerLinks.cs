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
    private readonly int _self;
    private readonly SiloMap _silos;
    private readonly Peer[] _peers;
    private Message? _lastMessage;
    private byte[] _lastPacked = [];

    /// <summary>Makes them.</summary>
    /// <param name="group">The group.</param>
    /// <param name="self">This replica.</param>
    /// <param name="silos">Where the silos are.</param>
    /// <param name="grains">Makes references.</param>
    public PeerLinks(GroupPlan group, ReplicaId self, SiloMap silos, IGrainFactory grains)
    {
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
            // One-way: the task is complete at once, and says nothing about the delivery.
            _ = peer.Grain.DeliverAsync(_self, Pack(envelope.Message));
        }
        catch (Exception)
        {
            // Whatever keeps a message from being sent is the peer's or the network's trouble, never this turn's.
            GrainMeter.MessagesDropped.Add(1);
        }
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

    private sealed record Peer(string Node, IPaxosLogGrain Grain);
}
