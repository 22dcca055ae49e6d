namespace Csmr.Replication.Multicast;

/// <summary>The ordered operations of a group by what they touch, so that conflicts are found without looking at all of them.</summary>
internal sealed class HoldTable
{
    private readonly Dictionary<string, List<OrderedOperation>> _byKey = new(StringComparer.Ordinal);
    private readonly List<OrderedOperation> _wide = [];
    private readonly List<OrderedOperation> _all = [];
    private long _searches;

    /// <summary>All, in the order in which they came.</summary>
    public IReadOnlyList<OrderedOperation> All => _all;

    /// <summary>Takes an operation in.</summary>
    public void Add(OrderedOperation operation)
    {
        _all.Add(operation);
        if (IsWide(operation.Footprint))
        {
            _wide.Add(operation);
            return;
        }

        foreach (var item in operation.Footprint.Items)
        {
            if (!_byKey.TryGetValue(item.From, out var holders))
            {
                _byKey.Add(item.From, holders = []);
            }

            holders.Add(operation);
        }
    }

    /// <summary>Takes an operation out.</summary>
    public void Remove(OrderedOperation operation)
    {
        _all.Remove(operation);
        if (IsWide(operation.Footprint))
        {
            _wide.Remove(operation);
            return;
        }

        foreach (var item in operation.Footprint.Items)
        {
            var holders = _byKey[item.From];
            holders.Remove(operation);
            if (holders.Count == 0)
            {
                _byKey.Remove(item.From);
            }
        }
    }

    /// <summary>Finds the operations that a footprint conflicts with, each once.</summary>
    /// <param name="footprint">The footprint.</param>
    /// <param name="into">Where to; cleared first.</param>
    public void FindConflicts(Footprint footprint, List<OrderedOperation> into)
    {
        into.Clear();
        _searches++;
        if (IsWide(footprint))
        {
            Collect(_all, footprint, into);
            return;
        }

        Collect(_wide, footprint, into);
        foreach (var item in footprint.Items)
        {
            if (_byKey.TryGetValue(item.From, out var holders))
            {
                Collect(holders, footprint, into);
            }
        }
    }

    private void Collect(List<OrderedOperation> candidates, Footprint footprint, List<OrderedOperation> into)
    {
        foreach (var candidate in candidates)
        {
            if (candidate.FoundIn != _searches && candidate.Footprint.ConflictsWith(footprint))
            {
                candidate.FoundIn = _searches;
                into.Add(candidate);
            }
        }
    }

    private static bool IsWide(Footprint footprint)
    {
        if (footprint.IsEverything)
        {
            return true;
        }

        foreach (var item in footprint.Items)
        {
            if (item.To is not null)
            {
                return true;
            }
        }

        return false;
    }
}
