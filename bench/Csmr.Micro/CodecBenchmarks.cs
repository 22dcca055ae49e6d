using BenchmarkDotNet.Attributes;
using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;

namespace Csmr.Micro;

/// <summary>What travels between replicas, and the batches in it.</summary>
[MemoryDiagnoser]
public class CodecBenchmarks
{
    private byte[] _entry = [];
    private byte[] _packed = [];
    private byte[] _batch = [];
    private Accept _accept = null!;

    /// <summary>Commands in an entry.</summary>
    [Params(1, 64)]
    public int Commands { get; set; }

    /// <summary>Makes the message.</summary>
    [GlobalSetup]
    public void Begin()
    {
        _batch = Micro.Commands.Batch("put", 1, Commands);
        _entry = Entry.Pack(1, [_batch]);
        _accept = new Accept(new Ballot(3, new ReplicaId(1)), new Slot(1_000_000), [_entry], new Slot(999_999), 7, 1_700_000_000_000);
        _packed = MessageCodec.Pack(_accept);
    }

    /// <summary>Packs an accept message.</summary>
    /// <returns>The bytes.</returns>
    [Benchmark]
    public byte[] PackAccept() => MessageCodec.Pack(_accept);

    /// <summary>Reads one.</summary>
    /// <returns>The message.</returns>
    [Benchmark]
    public Message ReadAccept() => MessageCodec.Read(_packed);

    /// <summary>Reads the commands of an entry.</summary>
    /// <returns>The commands.</returns>
    [Benchmark]
    public int ReadCommands() => CommandBatch.Read(Entry.Read(_entry).Proposals[0]).Length;
}
