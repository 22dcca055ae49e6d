using Csmr.Composition.Plans;
using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;

namespace Csmr.Chaos.Checks;

/// <summary>Where and how a command was executed.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="Index">Its place among the commands of the slot.</param>
/// <param name="Invocation">What was executed.</param>
/// <param name="Outcome">What came of it.</param>
public sealed record Executed(long Slot, int Index, ReadOnlyMemory<byte> Invocation, Outcome Outcome);

/// <summary>Executes a group's chosen log once more, alone: what every replica must have done.</summary>
public sealed class GroupReplay
{
    private readonly ReplicatedMachine _machine;
    private readonly Dictionary<RequestId, Executed> _executed = [];
    private readonly Dictionary<(long Slot, string Read), Outcome> _reads = [];

    private GroupReplay(GroupPlan group) => (Group, _machine) = (group, new ReplicatedMachine(group.Machine, group.Settings));

    public GroupPlan Group { get; }

    /// <summary>Every command that was executed, by its id.</summary>
    public IReadOnlyDictionary<RequestId, Executed> Executions => _executed;

    /// <summary>The number of commands that were found already executed, or too late.</summary>
    public int Repetitions { get; private set; }

    /// <summary>The digest of the state at each slot that was asked for.</summary>
    public Dictionary<long, string> Digests { get; } = [];

    /// <summary>Replays a log.</summary>
    /// <param name="group">The group.</param>
    /// <param name="log">The chosen entries, from slot 1 on.</param>
    /// <param name="reads">Reads to be answered on the state at a slot.</param>
    /// <param name="digestsAt">Slots at which the state's digest is wanted.</param>
    /// <param name="report">Takes what is wrong.</param>
    public static GroupReplay Run(
        GroupPlan group, IReadOnlyList<ReadOnlyMemory<byte>> log, ILookup<long, Invocation> reads, IReadOnlySet<long> digestsAt, CheckReport report)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(reads);
        ArgumentNullException.ThrowIfNull(digestsAt);
        var replay = new GroupReplay(group);
        for (var number = 0L; number <= log.Count; number++)
        {
            if (number > 0)
            {
                replay.Apply(new Slot(number), Entry.Read(log[(int)(number - 1)]), report);
            }

            replay.Read(number, reads[number]);
            if (digestsAt.Contains(number))
            {
                replay.Digests[number] = replay._machine.Digest().ToString("x16");
            }
        }

        return replay;
    }

    /// <summary>What a read must have given at a slot.</summary>
    public Outcome? OutcomeOf(long slot, Invocation read) => _reads.GetValueOrDefault((slot, KeyOf(read)));

    private void Apply(Slot slot, Entry entry, CheckReport report)
    {
        var replies = new List<byte[]>();
        _machine.Apply(slot, entry, replies);
        var index = 0;
        for (var i = 0; i < entry.Proposals.Length; i++)
        {
            var commands = CommandBatch.Read(entry.Proposals[i]);
            var answers = CommandBatch.ReadReplies(replies[i], commands.Length);
            for (var j = 0; j < commands.Length; j++)
            {
                Note(slot, index++, commands[j], answers[j], report);
            }
        }
    }

    private void Note(Slot slot, int index, in Command command, in CommandReply reply, CheckReport report)
    {
        var (id, invocation) = (command.Id, command.Invocation);
        if (reply.Kind != CommandReplyKind.Executed)
        {
            Repetitions++;
            return;
        }

        var isNew = _executed.TryAdd(id, new Executed(slot.Number, index, invocation, reply.Outcome!));
        report.Require(isNew, () => $"group {Group.Id}: request {id} was executed at slot {_executed[id].Slot} and again at slot {slot}");
    }

    private void Read(long slot, IEnumerable<Invocation> reads)
    {
        foreach (var read in reads)
        {
            var key = (slot, KeyOf(read));
            if (_reads.ContainsKey(key))
            {
                continue;
            }

            var writer = new WireWriter();
            CommandBatch.WriteReads([Pack(read)], writer);
            _reads[key] = CommandBatch.ReadReplies(_machine.Read(writer.ToArray()), 1)[0].Outcome!;
        }
    }

    internal static byte[] Pack(Invocation invocation)
    {
        var writer = new WireWriter();
        invocation.Write(writer);
        return writer.ToArray();
    }

    private static string KeyOf(Invocation read) => Convert.ToBase64String(Pack(read));
}
