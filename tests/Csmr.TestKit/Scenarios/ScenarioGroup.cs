using System.Text;
using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.TestKit.Checking;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Scenarios;

/// <summary>A group under a script: tells in short lines what every step leads to.</summary>
internal sealed class ScenarioGroup : DirectedGroup
{
    // Far from both ends of what the session table takes.
    private const long ExpiresAtMs = 1_060_000;

    private readonly Dictionary<long, ScriptedCommand> _commands = [];
    private readonly Dictionary<string, List<(int From, int To, Message Message)>> _kept = new(StringComparer.Ordinal);
    private readonly HashSet<(int From, int To)> _cuts = [];
    private readonly ReplicatedMachine[] _machines;
    private readonly NodeStatus[] _told;
    private readonly int[] _toldRecords;
    private readonly bool[] _holds;
    private readonly MessageText _text;
    private bool _flushesByHand;

    public ScenarioGroup(GroupSetup setup, bool isFormed, Func<NodeOptions, NodeOptions> adjust)
        : base(setup, isFormed, adjust)
    {
        _machines = new ReplicatedMachine[setup.Replicas];
        _told = new NodeStatus[setup.Replicas];
        _toldRecords = new int[setup.Replicas];
        _holds = new bool[setup.Replicas];
        _text = new MessageText(proposal => _commands[BitConverter.ToInt64(proposal.Span[..TokenBytes])].Text);
        IsCut = (from, to) => _cuts.Contains((from, to));
        for (var i = 0; i < setup.Replicas; i++)
        {
            Restart(i);
        }
    }

    /// <summary>What happened since it was last cleared.</summary>
    public List<string> Output { get; } = [];

    /// <summary>Whether messages and records are told, or only what comes of them.</summary>
    public bool IsQuiet { get; set; } = true;

    /// <summary>The number of replicas.</summary>
    public int Size => Replicas.Count;

    /// <summary>The replicas that are up.</summary>
    public int[] Up => [.. Replicas.Where(replica => replica.IsUp).Select(replica => replica.Ordinal)];

    public void Restart(int i)
    {
        _toldRecords[i] = Replicas[i].Disk.Count;
        _machines[i] = new ReplicatedMachine(RegisterMachineType.Instance, MachineSettings.Defaults(RegisterMachineType.Instance.Definition));
        Start(i);
        Settled();
    }

    public void CrashAndTell(int i)
    {
        var lost = Replicas[i].Disk.Count - Replicas[i].Disk.DurableCount;
        Crash(i);
        _told[i] = default;
        Output.Add(lost == 0 ? $"r{i} is down" : $"r{i} is down and has lost {lost} {(lost == 1 ? "record" : "records")}");
    }

    public void EmptyDisk(int i) => Replicas[i].LoseDisk([]);

    public void TickAndTell(int i, int ticks)
    {
        for (; ticks > 0; ticks--)
        {
            Tick(i);
            Settled();
        }
    }

    public void HandOver(int i)
    {
        Replicas[i].HandOver();
        Settled();
    }

    public void Suspect(int i, int other)
    {
        Replicas[i].Suspect(other);
        Settled();
    }

    public void Propose(int i, string text)
    {
        Propose(i, token => _commands[token] = new ScriptedCommand($"\"{text}\"", IsCall: false), Encoding.UTF8.GetBytes(text));
        Settled();
    }

    /// <summary>Proposes a command of a session, which registers execute.</summary>
    public void Call(int i, int session, int sequence, RegisterCallKind kind, string key, long item)
    {
        var invocation = new WireWriter();
        new Invocation(RegisterMachineType.Operations[(int)kind], [Value.Of(key), Value.Of(item)]).Write(invocation);
        var id = new RequestId(new SessionId(0, (ulong)session), sequence);
        var batch = new WireWriter();
        CommandBatch.Write([new Command(id, ExpiresAtMs, 0, IsCallerSession: true, invocation.ToArray())], batch);
        Propose(i, token => _commands[token] = new ScriptedCommand($"c{session}.{sequence}", IsCall: true), batch.ToArray());
        Settled();
    }

    public void ReadAndTell(int i)
    {
        Read(i, token => _commands[token] = new ScriptedCommand($"read {token}", IsCall: false));
        Settled();
    }

    public void Cut(int from, int to) => _cuts.Add((from, to));

    public void Heal() => _cuts.Clear();

    public void Hold(int i) => _holds[i] = true;

    public void Release(int i)
    {
        _holds[i] = false;
        Settled();
    }

    public void FlushByHand(int i)
    {
        var count = Replicas[i].Disk.Count - Replicas[i].Disk.DurableCount;
        Output.Add($"r{i} has flushed {count} {(count == 1 ? "record" : "records")}");
        _flushesByHand = true;
        Flush(i);
        _flushesByHand = false;
        Settled();
    }

    public override void Flush(int i)
    {
        if (Replicas[i].IsUp && (_flushesByHand || !_holds[i]))
        {
            base.Flush(i);
        }
    }

    public override void Deliver(int from, int to, Message message)
    {
        if (!Replicas[to].IsUp)
        {
            Tell($"{Arrow(from, to, message)}: lost, r{to} is down");
            return;
        }

        Tell(Arrow(from, to, message));
        base.Deliver(from, to, MessageCodec.Read(MessageCodec.Pack(message)));
        Settled();
    }

    /// <summary>Delivers what waits now, and not what comes of it.</summary>
    public void DeliverWaiting(Func<(int From, int To, Message Message), bool> which, bool keeps = false)
    {
        var now = Find(which);
        if (!keeps)
        {
            Waiting.RemoveAll(now.Contains);
        }

        foreach (var (from, to, message) in now)
        {
            Deliver(from, to, message);
        }
    }

    public void Drop(Func<(int From, int To, Message Message), bool> which)
    {
        foreach (var sent in Find(which))
        {
            Waiting.Remove(sent);
            Tell($"{Arrow(sent.From, sent.To, sent.Message)}: lost");
        }
    }

    /// <summary>Puts messages aside, to be delivered much later.</summary>
    public void Keep(Func<(int From, int To, Message Message), bool> which, string name)
    {
        _kept[name] = Find(which);
        Waiting.RemoveAll(_kept[name].Contains);
        _kept[name].ForEach(sent => Output.Add($"{Arrow(sent.From, sent.To, sent.Message)}: kept"));
    }

    public void DeliverKept(string name) => _kept[name].ForEach(sent => Deliver(sent.From, sent.To, sent.Message));

    public void SettleAndTell(int[] among)
    {
        Settle(among);
        Waiting.RemoveAll(sent => !Replicas[sent.To].IsUp);
    }

    /// <summary>All that are up go on together.</summary>
    public void Run(int ticks)
    {
        for (; ticks > 0; ticks--)
        {
            foreach (var i in Up)
            {
                TickAndTell(i, 1);
            }

            SettleAndTell(Up);
        }
    }

    public void TellWaiting() => Waiting.ForEach(sent => Output.Add(Arrow(sent.From, sent.To, sent.Message)));

    public void TellState(int i)
    {
        var status = Replicas[i].Status;
        Output.Add(Replicas[i].IsUp
            ? $"r{i} {RoleOf(status)}, promised {status.Promised}, last {status.Last}, chosen {status.ChosenUpTo}"
            : $"r{i} is down");
    }

    /// <summary>The votes on a disk, the newest one of each slot.</summary>
    public void TellLog(int i)
    {
        var disk = Replicas[i].Disk;
        var votes = new SortedDictionary<long, (JournalRecord Record, bool IsDurable)>();
        for (var index = 0; index < disk.Count; index++)
        {
            if (disk[index].Kind == JournalRecordKind.Accepted)
            {
                votes[disk[index].Slot.Number] = (disk[index], index < disk.DurableCount);
            }
        }

        foreach (var (record, isDurable) in votes.Values)
        {
            Output.Add($"r{i} {record.Slot}@{record.Ballot}={_text.OfEntry(record.Payload)}{(isDurable ? "" : " (not durable)")}");
        }
    }

    public override void Appended(SimulatedReplica replica)
    {
        for (; _toldRecords[replica.Ordinal] < replica.Disk.Count; _toldRecords[replica.Ordinal]++)
        {
            var record = replica.Disk[_toldRecords[replica.Ordinal]];
            Tell(record.Kind switch
            {
                JournalRecordKind.Promised => $"  r{replica.Ordinal} promises {record.Ballot}",
                JournalRecordKind.Accepted => $"  r{replica.Ordinal} votes {record.Slot}@{record.Ballot}={_text.OfEntry(record.Payload)}",
                JournalRecordKind.Chosen => $"  r{replica.Ordinal} notes that all up to {record.Slot} is chosen",
                _ => $"  r{replica.Ordinal} writes {record.Kind}",
            });
        }
    }

    public override void Delivered(SimulatedReplica replica, in Delivery delivery)
    {
        base.Delivered(replica, delivery);
        var entry = delivery.Entry;
        Output.Add($"  r{replica.Ordinal} executes {delivery.Slot}={_text.OfEntry(entry)}");
        var replies = new List<byte[]>();
        var slot = delivery.Slot;
        _machines[replica.Ordinal].Apply(slot, entry with { Proposals = Array.ConvertAll(entry.Proposals, proposal => proposal[TokenBytes..]) }, replies);
        foreach (var (command, reply) in delivery.Tokens.Select(token => _commands[token]).Zip(replies))
        {
            Output.Add($"  r{replica.Ordinal} answers {command.Text} at slot {slot}{(command.IsCall ? TextOf(CommandBatch.ReadReplies(reply, 1)[0]) : "")}");
        }
    }

    public override void ReadReady(SimulatedReplica replica, long token)
    {
        base.ReadReady(replica, token);
        Output.Add($"  r{replica.Ordinal} answers {_commands[token].Text}, all up to {replica.Node!.Status.ChosenUpTo} executed");
    }

    public override void GivenUp(SimulatedReplica replica, in GivenUp givenUp)
    {
        base.GivenUp(replica, givenUp);
        Output.Add($"  r{replica.Ordinal} gives up {_commands[givenUp.Token].Text}: {givenUp.Reason}");
    }

    // A step is over: what it wrote becomes durable, unless the disk is held, and new roles are told.
    private void Settled()
    {
        foreach (var i in Up)
        {
            while (!_holds[i] && Replicas[i].Disk.Count > Replicas[i].Disk.DurableCount)
            {
                Flush(i);
            }

            var status = Replicas[i].Status;
            if ((status.Role, status.IsServing) != (_told[i].Role, _told[i].IsServing) && (!IsQuiet || MattersMost(status, _told[i])))
            {
                var ballot = status.Role is NodeRole.Candidate or NodeRole.Leader ? $" in {status.Promised}" : "";
                Output.Add($"  r{i} {RoleOf(status)}{ballot}");
            }

            _told[i] = status;
        }
    }

    private static bool MattersMost(NodeStatus now, NodeStatus before) =>
        now.IsServing || before.Role == NodeRole.Leader || now.Role is NodeRole.Outcast or NodeRole.Forming;

    private List<(int From, int To, Message Message)> Find(Func<(int From, int To, Message Message), bool> which)
    {
        var found = Waiting.Where(which).ToList();
        Require(found.Count > 0, "such a message waits");
        return found;
    }

    private void Tell(string line)
    {
        if (!IsQuiet)
        {
            Output.Add(line);
        }
    }

    private string Arrow(int from, int to, Message message) => $"r{from}->r{to} {_text.Of(message)}";

    private static string TextOf(CommandReply reply) =>
        $": {reply.Kind} at slot {reply.Slot}, {string.Join(" ", reply.Outcome is { } outcome ? outcome.Fields.ToArray().Select(field => field.ToString()) : [])}";

    private static string RoleOf(NodeStatus status) => status.Role switch
    {
        NodeRole.Forming => "waits for the formation",
        NodeRole.Follower => "follows",
        NodeRole.PreCandidate => "asks whether it would be elected",
        NodeRole.Candidate => "is a candidate",
        NodeRole.Leader => status.IsServing ? "leads and serves" : "leads",
        _ => "is an outcast",
    };

    private readonly record struct ScriptedCommand(string Text, bool IsCall);
}
