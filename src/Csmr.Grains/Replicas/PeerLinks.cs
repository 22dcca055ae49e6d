using Csmr.Grains.Replicas.Pinning;
using Csmr.Grains.Routing;
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

    private readonly PaxosNode _node;
    private readonly GroupId _group;
    private readonly string _silo;
    private readonly TimeProvider _clock;
    private readonly SiloMap _silos;
    private readonly IGrainFactory _grains;
    private readonly Dictionary<ReplicaId, Peer> _peers = [];
    private Message? _lastMessage;
    private byte[] _lastPacked = [];

    /// <summary>Makes them.</summary>
    /// <param name="node">The node, which knows the members.</param>
    /// <param name="group">The group.</param>
    /// <param name="silo">This silo.</param>
    /// <param name="silos">Where the silos are.</param>
    /// <param name="grains">Makes references.</param>
    /// <param name="clock">Measures silence.</param>
    public PeerLinks(PaxosNode node, GroupId group, string silo, SiloMap silos, IGrainFactory grains, TimeProvider clock)
    {
        (_node, _group, _silo, _silos, _grains, _clock) = (node, group, silo, silos, grains, clock);
    }

    /// <summary>The node of a replica.</summary>
    /// <param name="id">The replica.</param>
    /// <returns>Its name; null where neither the configuration nor itself has told.</returns>
    public string? NodeOf(ReplicaId id) => id == _node.Options.Self ? _silo : _node.Configuration.Find(id)?.Node ?? _peers.GetValueOrDefault(id)?.Node;

    /// <summary>Sends a message, if the receiver's silo is there.</summary>
    /// <param name="envelope">The message.</param>
    public void Send(in Envelope envelope)
    {
        if (PeerOf(envelope.To) is not { } peer || _silos.Find(peer.Node) is null)
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
            _ = peer.Grain.DeliverAsync(_node.Options.Self.Ordinal, _silo, packed);
        }
        catch (Exception)
        {
            // Whatever keeps a message from being sent is the peer's or the network's trouble, never this turn's.
            GrainMeter.MessagesDropped.Add(1);
        }
    }

    /// <summary>A message of a peer has arrived.</summary>
    /// <param name="from">The peer's ordinal.</param>
    /// <param name="node">Its node.</param>
    public void Hear(int from, string node)
    {
        var id = new ReplicaId(from);
        if (PeerOf(id) is not { } peer)
        {
            // A leader that this replica's configuration does not name yet.
            _peers[id] = peer = Make(node);
        }

        peer.HeardAt = _clock.GetTimestamp();
    }

    /// <summary>How long nothing was heard of a peer.</summary>
    /// <param name="id">The peer.</param>
    /// <returns>How long; zero for a replica that is not known here.</returns>
    public TimeSpan SilenceOf(ReplicaId id) => PeerOf(id) is { } peer ? _clock.GetElapsedTime(peer.HeardAt) : TimeSpan.Zero;

    /// <summary>Asks whether a peer's process is gone.</summary>
    /// <param name="id">The peer.</param>
    /// <param name="patience">How long to wait for an answer.</param>
    /// <returns>Whether the question came back, since nobody takes it there. False where it was answered, or nothing was heard.</returns>
    public async Task<bool> IsGoneAsync(ReplicaId id, TimeSpan patience) =>
        PeerOf(id) is { } peer && (await LeaderFinder.AskAsync(peer.Grain, patience)).IsRefused;

    private Peer? PeerOf(ReplicaId id)
    {
        if (!_peers.TryGetValue(id, out var peer) && _node.Configuration.Find(id) is { } member)
        {
            _peers[id] = peer = Make(member.Node);
        }

        return peer;
    }

    private Peer Make(string node) => new(node, _grains.GetGrain<IPaxosLogGrain>(ReplicaKey.Of(node, _group)));

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
