using Csmr.Services.Counter;
using Csmr.Services.KeyValue;
using Csmr.Services.Locks;
using Csmr.Services.Prng;
using Csmr.Services.Queues;
using Csmr.Services.RecordLog;

namespace Csmr.Services;

/// <summary>The state machines that come with the product.</summary>
public static class ShippedMachines
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<IStateMachineType> All { get; } =
        [new LockMachineType(), new KvMachineType(), new RecordLogMachineType(), new CounterMachineType(), new PrngMachineType(), new QueueMachineType()];

    /// <summary>All of them, by name: what a host starts from before it adds a user's own.</summary>
    public static MachineCatalog Catalog { get; } = new(All);
}
