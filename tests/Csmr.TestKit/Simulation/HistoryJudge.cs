using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Checking;

namespace Csmr.TestKit.Simulation;

/// <summary>
/// Judges what the clients of a run saw. First by witness: the chosen log is replayed by a machine of the simulator's own,
/// and every answer is compared with it, exactly once and in real time. Then by search, as if there were no log.
/// </summary>
internal sealed class HistoryJudge
{
    private readonly RegisterModel _model = new();
    private readonly Dictionary<RequestId, (long Slot, RegisterAnswer Answer)> _executed = [];
    private readonly SortedDictionary<string, RegisterAnswer> _registers = new(StringComparer.Ordinal);
    private long _timeMs;

    /// <summary>The state of a register after the replay.</summary>
    /// <param name="key">The register.</param>
    /// <returns>Its state.</returns>
    public RegisterAnswer StateOf(string key) => _registers.GetValueOrDefault(key);

    /// <summary>Judges by the chosen log (A5, A6).</summary>
    /// <param name="oracle">Who knows the log.</param>
    /// <param name="history">The calls.</param>
    /// <param name="probes">Where rare paths are counted.</param>
    public void JudgeByLog(GroupOracle oracle, List<ClientCall> history, Probes probes)
    {
        var reads = history.Where(call => call.IsRead && call.IsAnswered).OrderBy(call => call.Slot).ToList();
        var nextRead = 0;
        for (var slot = 0L; slot <= oracle.ChosenPrefix; slot++)
        {
            if (slot > 0)
            {
                Replay(slot, Entry.Read(oracle.EntryOf(slot)), probes);
            }

            for (; nextRead < reads.Count && reads[nextRead].Slot == slot; nextRead++)
            {
                JudgeRead(reads[nextRead]);
            }
        }

        if (nextRead < reads.Count)
        {
            throw new ViolationException("A6", $"{Name(reads[nextRead])} was read at slot {reads[nextRead].Slot}, beyond the chosen log");
        }

        foreach (var call in history)
        {
            if (call.IsAnswered && !call.IsRead)
            {
                JudgeUpdate(call);
            }
        }
    }

    /// <summary>Judges by search, object by object.</summary>
    /// <param name="history">The calls.</param>
    public static void JudgeBySearch(List<ClientCall> history)
    {
        foreach (var calls in history.GroupBy(call => call.Key))
        {
            var verdict = LinearizabilityChecker<RegisterAnswer, RegisterCall, RegisterAnswer>.Check(
                new RegisterModel(),
                calls.Select(call => new Observed<RegisterCall, RegisterAnswer>(call.CalledAtUs, call.ReturnedAtUs, call.Call, call.Answer)),
                statesMax: 200_000);
            if (verdict == Linearizability.NotLinearizable)
            {
                throw new ViolationException("A6", $"the history of register {calls.Key} is not linearizable:\n{string.Join('\n', calls.Select(Name))}");
            }
        }
    }

    private void Replay(long slot, Entry entry, Probes probes)
    {
        _timeMs = Math.Max(_timeMs, entry.TimeMs);
        foreach (var proposal in entry.Proposals)
        {
            foreach (var command in CommandBatch.Read(proposal))
            {
                if (_timeMs >= command.ExpiresAtMs)
                {
                    probes.Hit(Probe.Expired);
                }
                else if (_executed.ContainsKey(command.Id))
                {
                    probes.Hit(Probe.Replayed);
                }
                else
                {
                    Execute(slot, command);
                }
            }
        }
    }

    private void Execute(long slot, in Command command)
    {
        var reader = new WireReader(command.Invocation);
        var invocation = Invocation.Read(ref reader, RegisterMachineType.Instance.Definition)!;
        var kind = (RegisterCallKind)Array.IndexOf(RegisterMachineType.Operations, invocation.Operation);
        var key = invocation[0].AsString();
        _registers[key] = _model.Apply(_registers.GetValueOrDefault(key), new RegisterCall(kind, invocation[1].AsLong()), out var answer);
        _executed.Add(command.Id, (slot, answer));
    }

    private void JudgeRead(ClientCall call)
    {
        if (call.Slot < call.Floor)
        {
            throw new ViolationException("A6", $"{Name(call)} was read at slot {call.Slot}, below slot {call.Floor}, answered before it began");
        }

        var right = StateOf(KeyName(call.Key));
        if (right != call.Answer)
        {
            throw new ViolationException("A6", $"{Name(call)} was read at slot {call.Slot}, where the log gives {right}");
        }
    }

    private void JudgeUpdate(ClientCall call)
    {
        if (!_executed.TryGetValue(call.Id, out var done))
        {
            throw new ViolationException("A5", $"{Name(call)} was answered and is not in the chosen log");
        }

        if (done.Slot != call.Slot || done.Answer != call.Answer)
        {
            throw new ViolationException("A5", $"{Name(call)} was answered from slot {call.Slot}; the log executes it at slot {done.Slot} with {done.Answer}");
        }

        if (call.Slot <= call.Floor)
        {
            throw new ViolationException("A6", $"{Name(call)} is at slot {call.Slot}, not above slot {call.Floor}, answered before it began");
        }
    }

    /// <summary>The name of a register.</summary>
    /// <param name="key">Its number.</param>
    /// <returns>The name.</returns>
    public static string KeyName(int key) => key switch { 0 => "a", 1 => "b", 2 => "c", _ => $"key-{key}" };

    private static string Name(ClientCall call) =>
        $"client {call.Client} call {call.Id.Sequence} {call.Call.Kind}({KeyName(call.Key)}, {call.Call.Item}) "
        + $"[{call.CalledAtUs}..{(call.IsAnswered ? call.ReturnedAtUs : "never")}] = {call.Answer.Value}/{call.Answer.Changes} at slot {call.Slot}";
}
