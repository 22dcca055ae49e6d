using BenchmarkDotNet.Attributes;
using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.Services;

namespace Csmr.Micro;

/// <summary>Executing commands: entry time, sessions, the order of composite operations, and the state machine.</summary>
[MemoryDiagnoser]
public class MachineBenchmarks
{
    private const int EntryCount = 500;
    private const int CommandsPerEntry = 32;

    private readonly List<byte[]> _replies = [];
    private byte[][] _entries = [];
    private ReplicatedMachine _machine = null!;

    /// <summary>The machine and its operation.</summary>
    [Params("kv put", "lock acquire", "log append")]
    public string Operation { get; set; } = "";

    /// <summary>Packs the commands, and sees that they are executed and not refused.</summary>
    [GlobalSetup]
    public void Pack()
    {
        _entries = Commands.Entries(Operation.Split(' ')[1], EntryCount, CommandsPerEntry);
        Begin();
        Apply();
        if (!Array.TrueForAll(CommandBatch.ReadReplies(_replies[0], CommandsPerEntry), static reply => reply is { Kind: CommandReplyKind.Executed, Outcome.IsDone: true }))
        {
            throw new InvalidOperationException($"the commands of {Operation} are refused");
        }
    }

    /// <summary>A machine in its first state.</summary>
    [IterationSetup]
    public void Begin()
    {
        var type = ShippedMachines.Catalog.Find(Operation.Split(' ')[0])!;
        _machine = new ReplicatedMachine(type, new MachineSettings(type.Definition, new Dictionary<string, Value>(StringComparer.Ordinal)));
    }

    /// <summary>Applies all entries; the figures are of one command.</summary>
    /// <returns>The last reply's size.</returns>
    [Benchmark(OperationsPerInvoke = EntryCount * CommandsPerEntry)]
    public int Apply()
    {
        for (var i = 0; i < _entries.Length; i++)
        {
            _replies.Clear();
            _machine.Apply(new Slot(i + 1), Entry.Read(_entries[i]), _replies);
        }

        return _replies[0].Length;
    }
}
