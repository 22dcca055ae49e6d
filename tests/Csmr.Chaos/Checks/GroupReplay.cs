using System.Text.Json;
using Csmr.Composition.Json;
using Csmr.Composition.Plans;
using Csmr.Grains.Replicas;
using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Checking.Histories;

namespace Csmr.Chaos.Checks;

/// <summary>Executes a group's chosen log once more, alone: what every replica must have done.</summary>
public sealed class GroupReplay
{
    private readonly ReplicatedMachine _machine;
    private readonly List<ChosenOperation> _executed = [];

    private GroupReplay(GroupPlan group) =>
        (Group, _machine) = (group, new ReplicatedMachine(group.Machine, group.Settings, limits: null, group.Id, new CompositeLanguage()));

    public GroupPlan Group { get; }

    /// <summary>Every command that was executed, in order, with its answer.</summary>
    public IReadOnlyList<ChosenOperation> Executed => _executed;

    /// <summary>The number of commands that were not executed: they had been before, or came too late.</summary>
    public int Repetitions { get; private set; }

    /// <summary>Every atomic call that a gateway sent to this group, with its groups.</summary>
    public Dictionary<RequestId, IReadOnlyList<GroupId>> AtomicCalls { get; } = [];

    /// <summary>The number of atomic calls that are not finished at the end of the log.</summary>
    public int Pending => _machine.Pending.Count();

    /// <summary>The digest of the state at each slot that was asked for.</summary>
    public Dictionary<long, string> Digests { get; } = [];

    /// <summary>Whether this group has executed its part of an atomic call.</summary>
    /// <param name="id">The call.</param>
    public bool HasExecuted(RequestId id) => _machine.Find(id) is { Outcome: not null };

    /// <summary>Replays a log.</summary>
    /// <param name="group">The group.</param>
    /// <param name="log">The chosen entries, from slot 1 on.</param>
    /// <param name="digestsAt">Slots at which the state's digest is wanted.</param>
    public static GroupReplay Run(GroupPlan group, IReadOnlyList<ReadOnlyMemory<byte>> log, IReadOnlySet<long> digestsAt)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(digestsAt);
        var replay = new GroupReplay(group);
        for (var number = 1L; number <= log.Count; number++)
        {
            replay.Apply(new Slot(number), Entry.Read(log[(int)(number - 1)]));
            if (digestsAt.Contains(number))
            {
                replay.Digests[number] = replay._machine.Digest().ToString("x16");
            }
        }

        return replay;
    }

    private void Apply(Slot slot, Entry entry)
    {
        var replies = new List<byte[]>();
        _machine.Apply(slot, entry, replies);
        var position = 0;
        for (var i = 0; i < entry.Proposals.Length; i++)
        {
            if (ReplicatedMachine.IsOfChannel(entry.Proposals[i]))
            {
                continue;
            }

            var commands = CommandBatch.Read(entry.Proposals[i]);
            var answers = CommandBatch.ReadReplies(replies[i], commands.Length);
            for (var j = 0; j < commands.Length; j++)
            {
                Note(slot, position++, commands[j], answers[j]);
            }
        }
    }

    private void Note(Slot slot, int position, in Command command, in CommandReply reply)
    {
        if (command.IsComposite)
        {
            AtomicCalls.TryAdd(command.Id, MulticastCall.Read(command.Invocation).Destinations);
            return;
        }

        var reader = new WireReader(command.Invocation);
        if (reply.Kind != CommandReplyKind.Executed || Invocation.Read(ref reader, Group.Machine.Definition) is not { } invocation)
        {
            Repetitions++;
            return;
        }

        _executed.Add(new ChosenOperation(
            slot.Number, position, command.Id.ToString(), invocation.Operation.Name, ArgumentsOf(invocation), ResultOf(invocation.Operation, reply.Outcome!)));
    }

    private static JsonElement ArgumentsOf(Invocation invocation)
    {
        var json = new JsonBuilder().BeginObject();
        var parameters = invocation.Operation.Parameters;
        for (var i = 0; i < parameters.Count; i++)
        {
            if (!invocation[i].IsNull)
            {
                json.Member(parameters[i].Name).Value(invocation[i]);
            }
        }

        return JsonElement.Parse(json.EndObject().ToValue().AsJson());
    }

    private static JsonElement ResultOf(OperationDefinition operation, Outcome outcome)
    {
        if (!outcome.IsDone)
        {
            return JsonSerializer.SerializeToElement(new { refused = outcome.Code });
        }

        var writer = new WireWriter();
        OutcomeJson.Write(operation.Fields, outcome, writer);
        return JsonElement.Parse(writer.ToArray());
    }
}
