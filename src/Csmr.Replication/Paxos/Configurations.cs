using System.Diagnostics.CodeAnalysis;

namespace Csmr.Replication.Paxos;

/// <summary>
/// The configurations that a replica knows as chosen, from the one at its base on.
/// A7: every slot is decided by the configuration that the chosen slots before it name.
/// </summary>
internal sealed class Configurations
{
    private readonly List<(Slot At, GroupConfiguration Configuration)> _known;

    /// <summary>Begins with the one that the group is formed with.</summary>
    public Configurations(GroupConfiguration initial) => _known = [(Slot.None, initial)];

    /// <summary>The group was formed with a configuration: what the host says of its members counts no more.</summary>
    public void Begin(GroupConfiguration formed) => _known[0] = (Slot.None, formed);

    /// <summary>The one behind the last slot known as chosen: it decides the next slots.</summary>
    public GroupConfiguration Current => _known[^1].Configuration;

    /// <summary>The slot in which <see cref="Current"/> was chosen.</summary>
    public Slot CurrentAt => _known[^1].At;

    /// <summary>The one that holds behind a slot.</summary>
    public GroupConfiguration Behind(Slot slot) => _known.FindLast(known => known.At <= slot).Configuration;

    /// <summary>A slot is known as chosen, the one after those that were known before.</summary>
    public void Learn(Slot slot, ReadOnlyMemory<byte> entry)
    {
        if (Takes(entry, out var next))
        {
            _known.Add((slot, next));
        }
    }

    /// <summary>
    /// Whether an entry, chosen in the next slot, changes the configuration. Not everything that looks like it does: what a leader has
    /// proposed in vain may be chosen in the end, when another one's configuration with the same number holds for long.
    /// </summary>
    public bool Takes(ReadOnlyMemory<byte> entry, [NotNullWhen(true)] out GroupConfiguration? next)
    {
        next = Entry.IsConfiguration(entry) ? Entry.Read(entry).Configuration : null;
        return next?.Number == Current.Number + 1;
    }

    /// <summary>What is before a slot is gone: a snapshot stands for it.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="configuration">The one that holds behind it.</param>
    public void Raise(Slot slot, GroupConfiguration configuration)
    {
        var at = _known.FindLastIndex(known => known.At <= slot);
        if (_known[at].Configuration.Number == configuration.Number)
        {
            _known.RemoveRange(0, at);
            return;
        }

        // A snapshot from elsewhere, ahead of what is known here.
        Invariant.Require(at == _known.Count - 1 && configuration.Number > Current.Number, "A7");
        _known.Clear();
        _known.Add((slot, configuration));
    }
}
