using Csmr.Replication.Ports;

namespace Csmr.Grains.Hosting;

/// <summary>Which checkpoints of a silo are kept. What was kept in vain, or is damaged, is never deleted by a rule.</summary>
public sealed class CheckpointOptions
{
    /// <summary>How many are kept, the newest; 0 for all.</summary>
    public int KeptMax { get; set; }

    /// <summary>For how many days they are kept; 0 for ever.</summary>
    public int KeptDays { get; set; }

    /// <summary>Deletes those beyond: after a new one was made, which is never deleted.</summary>
    /// <param name="store">The store.</param>
    /// <param name="now">The time.</param>
    internal void Retain(ICheckpointStore store, DateTimeOffset now)
    {
        if (KeptMax == 0 && KeptDays == 0)
        {
            return;
        }

        var oldestMs = now.AddDays(-KeptDays).ToUnixTimeMilliseconds();
        var newest = store.List().Where(static checkpoint => checkpoint.Head is not null).ToArray();
        for (var i = 1; i < newest.Length; i++)
        {
            if ((KeptMax > 0 && i >= KeptMax) || (KeptDays > 0 && newest[i].Head!.CreatedAtMs < oldestMs))
            {
                store.Delete(newest[i].Id);
            }
        }
    }
}
