using Csmr.Replication.Machine;

namespace Csmr.Grains.Replicas;

/// <summary>
/// The cuts of states (R1) at the replicas of this silo, as long as somebody reads them: in memory, and shared with the living state as
/// far as that has not changed since. Safe for concurrent use.
/// </summary>
/// <param name="clock">The time.</param>
internal sealed class HeldCuts(TimeProvider clock)
{
    private const int CutsOfAGroupMax = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private readonly List<Held> _held = [];

    /// <summary>A replica has executed a cut. Of each group the newest few are kept.</summary>
    /// <param name="group">Its group.</param>
    /// <param name="cut">The cut.</param>
    public void Add(GroupId group, StateCut cut)
    {
        lock (_gate)
        {
            _held.RemoveAll(held => held.Group == group && held.Cut.Id == cut.Id);
            _held.Add(new Held(group, cut, clock.GetTimestamp()));
            while (_held.Count(held => held.Group == group) > CutsOfAGroupMax)
            {
                _held.Remove(_held.First(held => held.Group == group));
            }
        }
    }

    /// <summary>Reads a part.</summary>
    /// <param name="group">The group.</param>
    /// <param name="id">What the cut was made for.</param>
    /// <param name="part">The part's number.</param>
    /// <returns>The part.</returns>
    public CutPart Read(GroupId group, string id, long part)
    {
        Held? held;
        lock (_gate)
        {
            held = Find(group, id);
            if (held is null)
            {
                return new CutPart(IsKnown: false, null);
            }

            held.WantedAt = clock.GetTimestamp();
        }

        return new CutPart(IsKnown: true, held.Read(part));
    }

    /// <summary>A cut is still wanted, or no more.</summary>
    /// <param name="group">The group.</param>
    /// <param name="id">What the cut was made for.</param>
    /// <param name="isWanted">Whether it is.</param>
    public void Hold(GroupId group, string id, bool isWanted)
    {
        lock (_gate)
        {
            if (Find(group, id) is not { } held)
            {
                return;
            }

            held.WantedAt = clock.GetTimestamp();
            if (!isWanted)
            {
                _held.Remove(held);
            }
        }
    }

    /// <summary>Lets go of what nobody has wanted for a while: whoever made it has died.</summary>
    public void Expire()
    {
        lock (_gate)
        {
            if (_held.Count > 0)
            {
                _held.RemoveAll(held => clock.GetElapsedTime(held.WantedAt) > Patience);
            }
        }
    }

    private Held? Find(GroupId group, string id) => _held.Find(held => held.Group == group && held.Cut.Id == id);

    private sealed class Held(GroupId group, StateCut cut, long wantedAt)
    {
        private readonly Lock _reading = new();
        private IEnumerator<byte[]>? _parts;
        private long _next;

        public GroupId Group { get; } = group;

        public StateCut Cut { get; } = cut;

        public long WantedAt { get; set; } = wantedAt;

        /// <summary>The part of a number. Parts are read in order, by one reader mostly; one that was lost on its way is asked for again.</summary>
        public byte[]? Read(long part)
        {
            lock (_reading)
            {
                if (_parts is null || part < _next - 1)
                {
                    (_parts, _next) = (Cut.Parts.GetEnumerator(), 0);
                }

                for (; _next <= part; _next++)
                {
                    if (!_parts.MoveNext())
                    {
                        _parts = null;
                        return null;
                    }
                }

                return _parts.Current;
            }
        }
    }
}
