using Csmr.Grains.Routing;
using Csmr.Replication.Machine;

namespace Csmr.Grains.Replicas;

/// <summary>
/// Carries what lies in a group's outboxes to the leaders of the other groups, while this replica leads: one batch to a group in
/// flight, while the next one gathers. It forgets nothing that matters: what is to be sent, and what was received, is replicated
/// state at both ends. Used within the log grain's turns only.
/// </summary>
/// <param name="executor">Has the outboxes.</param>
/// <param name="groups">The ways to the other groups.</param>
/// <param name="propose">Proposes to this group's own log.</param>
/// <param name="clock">Drives the pauses.</param>
internal sealed class ChannelPump(IReplicaGrain executor, GroupDirectory groups, Action<byte[]> propose, TimeProvider clock)
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(20);

    /// <summary>After so many ticks without a message from there, which would tell it, what was received is noted by an entry.</summary>
    private const int QuietTicksMax = 25;

    private readonly Dictionary<GroupId, Line> _lines = [];
    private bool _isLeading;

    /// <summary>Time goes on; this replica leads and serves, or does not.</summary>
    /// <param name="isLeading">Whether it does.</param>
    public void Tick(bool isLeading)
    {
        _isLeading = isLeading;
        foreach (var line in _lines.Values)
        {
            Start(line);
            if (_isLeading && line.Known >= line.Newest && line.Known >= line.Oldest && ++line.QuietTicks > QuietTicksMax)
            {
                line.QuietTicks = 0;
                propose(ReplicatedMachine.PackReceived(line.To, line.Known));
            }
        }
    }

    /// <summary>What lies in the outboxes now.</summary>
    /// <param name="outgoing">For each group the numbers of the oldest and the newest message.</param>
    public void Look(IReadOnlyList<(GroupId To, long Oldest, long Newest)> outgoing)
    {
        foreach (var (to, oldest, newest) in outgoing)
        {
            if (!_lines.TryGetValue(to, out var line))
            {
                _lines.Add(to, line = new Line(to));
            }

            line.QuietTicks = oldest == line.Oldest && newest == line.Newest ? line.QuietTicks : 0;
            (line.Oldest, line.Newest) = (oldest, newest);
            Start(line);
        }
    }

    private void Start(Line line)
    {
        if (_isLeading && !line.IsSending && line.Known < line.Newest && groups.Find(line.To) is { } other)
        {
            line.IsSending = true;
            _ = SendAsync(line, other);
        }
    }

    private async Task SendAsync(Line line, GroupCaller other)
    {
        try
        {
            while (_isLeading && line.Known < line.Newest)
            {
                var batch = await executor.PackOutgoingAsync(line.To.Name, line.Known);
                if (await other.DeliverAsync(batch) is { } received)
                {
                    line.Known = Math.Max(line.Known, received);
                }
                else
                {
                    await Task.Delay(PauseAfterFailure, clock);
                }
            }
        }
        catch (Exception)
        {
            // The silo is stopping, or the replica has stopped: whoever leads next sends it again.
            _isLeading = false;
        }
        finally
        {
            line.IsSending = false;
        }
    }

    private sealed class Line(GroupId to)
    {
        public GroupId To { get; } = to;

        public long Oldest { get; set; } = long.MaxValue;

        public long Newest { get; set; }

        /// <summary>The last message that the other group is known to have received.</summary>
        public long Known { get; set; }

        public bool IsSending { get; set; }

        public int QuietTicks { get; set; }
    }
}
