using Csmr.Replication.Machine;
using Csmr.Replication.Multicast;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>
/// Several groups, each only its log and its replicated state (agreement within a group is simulated elsewhere), and
/// everything between them that can go wrong: each step does one thing that could happen next, however unlikely. Proposals of
/// gateways and channels are lost, doubled and late; leaders forget what they sent; gateways stop between any two sends; ids are
/// used again for something else. Now and then a replica is captured, and later replaced by a copy that is restored from what was
/// captured then; the original goes on beside it, and must answer the same for ever (S2).
/// </summary>
public sealed class MulticastWalk
{
    private const int StepsMax = 600;
    private const int CopiesPerMille = 200;
    private const int CutsPerMille = 250;
    private const long RetentionMs = 100_000_000;

    private readonly List<Flight> _flights = [];
    private readonly List<Call> _calls = [];
    private readonly List<(GroupId To, long Oldest, long Newest)> _outgoing = [];
    private readonly List<byte[]> _replies = [];
    private readonly WireWriter _writer = new();
    private SimulationRandom _random = new(0);
    private SimulationRandom _copies = new(0);
    private Group[] _groups = [];
    private int _callsLeft;
    private int _singles;
    private int _reuse;
    private bool _hasCuts;
    private long _lifeMs;
    private ListRequests _requests = new(new SimulationRandom(0), 1, 1);
    private long _step;
    private long _applied;
    private ulong _trace;

    /// <summary>Gets the snapshots of the replicas that are copied: group and bytes.</summary>
    public Action<GroupId, byte[]>? Written { get; set; }

    /// <summary>The replicated state of a group, before the first entry.</summary>
    /// <param name="id">The group.</param>
    /// <returns>The state.</returns>
    public static ReplicatedMachine NewMachine(GroupId id) => new(
        ListMachineType.Instance, MachineSettings.Defaults(ListMachineType.Instance.Definition), new SessionLimits { RetentionMsMax = RetentionMs }, id, ListLanguage.Instance);

    /// <summary>Runs a seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <returns>How it ended.</returns>
    public RunOutcome Run(ulong seed)
    {
        Violation? violation = null;
        try
        {
            Begin(seed);
            for (_step = 0; _step < StepsMax && (_callsLeft > 0 || _flights.Count > 0); _step++)
            {
                Step();
            }

            Heal();
            Check();
        }
        catch (Exception exception)
        {
            violation = Violation.Of(exception, _step);
        }

        return new RunOutcome("multicast", seed, violation, _trace, _applied, _calls.Count(static call => call.History.EndedAt < long.MaxValue), 0);
    }

    private void Begin(ulong seed)
    {
        _random = new SimulationRandom(seed);
        _copies = _random.Fork(17);
        _groups = [.. Enumerable.Range(0, _random.Below(3) + 2).Select(static i => new Group(ListRequests.IdOf(i)))];
        _flights.Clear();
        _calls.Clear();
        (_callsLeft, _singles, _reuse) = (_random.Below(14) + 3, _random.Below(800), _random.Chance(200) ? 150 : 0);
        // In some walks only: the others are what they were before there were cuts.
        _hasCuts = seed % 8 == 0;
        _requests = new ListRequests(_random, _groups.Length, _random.Below(3) + 1);
        _lifeMs = _random.Chance(150) ? _random.Between(30, 600) : RetentionMs / 2;
        (_applied, _trace) = (0, seed);
        foreach (var group in _groups)
        {
            group.TimeMs = 1_000_000 + _random.Below(1000);
        }
    }

    private void Step()
    {
        var what = _random.Below(100);
        if (what < 12 && _callsLeft > 0)
        {
            _callsLeft--;
            BeginCall();
        }
        else if (what < 62 && _flights.Count > 0)
        {
            Deliver();
        }
        else if (what < 66 && _flights.Count > 0)
        {
            _flights.RemoveAt(_random.Below(_flights.Count));
        }
        else if (what < 90)
        {
            SendChannel(_groups[_random.Below(_groups.Length)]);
        }
        else if (_calls.Count > 0)
        {
            var call = _calls[_random.Below(_calls.Count)];
            if (_random.Chance(500))
            {
                Send(call);
            }
            else
            {
                Ask(call);
            }
        }
    }

    // ---- Calls ---------------------------------------------------------------------------------------------------------

    private void BeginCall()
    {
        var number = _calls.Count + 1;
        var id = _calls.Count > 0 && _random.Chance(_reuse)
            ? _calls[_random.Below(_calls.Count)].Id
            : new RequestId(new SessionId(7, (ulong)number), 1);
        var request = _hasCuts && _random.Chance(CutsPerMille)
            ? _requests.Cut($"call {number}", id, _step)
            : _random.Chance(_singles) ? _requests.Single($"call {number}", id, _step) : _requests.Composite($"call {number}", id, _step);
        var call = new Call(request, ExpiresAtMs());
        call.IsReused = _calls.Exists(other => other.Id == id);
        _calls.ForEach(other => other.IsReused |= other.Id == id);
        _calls.Add(call);
        Send(call);
    }

    private long ExpiresAtMs() => _groups.Max(static group => group.TimeMs) + _lifeMs;

    /// <summary>A gateway sends a call, to all of its groups or, where it stops in between, to some.</summary>
    private void Send(Call call)
    {
        if (call.History.EndedAt < long.MaxValue || call.IsGivenUp)
        {
            return;
        }

        var sends = _random.Chance(600) ? call.Groups.Length : _random.Below(call.Groups.Length) + 1;
        foreach (var group in call.Groups.OrderBy(_ => _random.Next()).Take(sends))
        {
            if (!call.Answers.ContainsKey(group))
            {
                _flights.Add(new Flight(group, call, null, -1, call.IsRead && !call.MustBeOrdered));
            }
        }
    }

    /// <summary>A gateway asks a group how a call stands.</summary>
    private void Ask(Call call)
    {
        foreach (var group in call.Groups)
        {
            if (!call.IsGivenUp && _groups[group].Machine.Find(call.Id) is { } reply)
            {
                Answer(call, group, reply);
            }
        }
    }

    private void Answer(Call call, int group, CommandReply reply)
    {
        if (call.IsReused)
        {
            // An id that two calls have: whose answer this is cannot be told. What they did is checked all the same.
            return;
        }

        switch (reply.Kind)
        {
            case CommandReplyKind.Waiting:
                return;
            case CommandReplyKind.MustBeOrdered:
                call.MustBeOrdered = true;
                _flights.Add(new Flight(group, call, null, -1, IsRead: false));
                return;
            case CommandReplyKind.Executed or CommandReplyKind.Replayed:
                if (call.Answers.TryAdd(group, reply.Outcome!) && call.Answers.Count == call.Groups.Length)
                {
                    End(call);
                }

                return;
            case CommandReplyKind.Expired when _lifeMs < RetentionMs / 2:
                call.IsGivenUp = true;
                return;
            default:
                throw new ViolationException("M1", $"{call.History.Name} was refused: {reply.Kind}");
        }
    }

    private void End(Call call)
    {
        call.History.EndedAt = _step;
        foreach (var (group, outcome) in call.Answers)
        {
            call.History.Lists.AddRange(call.Request.ListsOf(group, outcome));
        }
    }

    // ---- Groups ----------------------------------------------------------------------------------------------------------

    /// <summary>One or more of the proposals on their way to a group become its next entry; or a read is answered.</summary>
    private void Deliver()
    {
        var first = _flights[_random.Below(_flights.Count)];
        var group = _groups[first.Group];
        if (first.IsRead)
        {
            _flights.Remove(first);
            CommandBatch.WriteReads([first.Call!.Body], _writer);
            Answer(first.Call, first.Group, CommandBatch.ReadReplies(group.Machine.Read(_writer.ToArray()), 1)[0]);
            return;
        }

        var gathered = new List<Flight> { first };
        while (_random.Chance(400) && _flights.Find(flight => flight.Group == first.Group && !flight.IsRead && !gathered.Contains(flight)) is { } next)
        {
            gathered.Add(next);
        }

        foreach (var flight in gathered.Where(_ => !_random.Chance(100)))
        {
            _flights.Remove(flight);
        }

        Apply(first.Group, gathered);
    }

    private void Apply(int index, List<Flight> flights)
    {
        var group = _groups[index];
        group.TimeMs += _random.Below(20);
        var entry = new Entry(group.TimeMs, [.. flights.Select(flight => (ReadOnlyMemory<byte>)(flight.Batch ?? Pack(flight.Call!)))]);
        _replies.Clear();
        group.Log.Add(entry);
        group.Machine.Apply(group.Machine.AppliedUpTo.Next, entry, _replies);
        foreach (var cut in group.Machine.TakeCuts())
        {
            // R1: at each group it reads all lists; the history tells whether that was at one point.
            var call = _calls.Find(call => call.History.Name == cut.Id)!;
            call.Cuts++;
            call.History.Lists.AddRange(_requests.ListsOf(index, cut));
        }

        _applied++;
        _trace = Digests.Add(_trace, group.Machine.Digest());
        for (var i = 0; i < flights.Count; i++)
        {
            if (_random.Chance(150))
            {
                continue;
            }

            if (flights[i].Batch is null)
            {
                Answer(flights[i].Call!, index, CommandBatch.ReadReplies(_replies[i], 1)[0]);
            }
            else if (flights[i].From >= 0)
            {
                var from = _groups[flights[i].From];
                from.Known[index] = ReplicatedMachine.ReadReceived(_replies[i]);
            }
        }

        foreach (var (id, reply) in group.Machine.Released)
        {
            if (_calls.Find(call => call.Id == id) is { IsReused: false } call && _random.Chance(700))
            {
                Answer(call, index, reply);
            }
        }

        Copy(group, entry);
    }

    /// <summary>A replica is captured; when it has gone on for a while, the copy takes its place, and the original goes on beside it.</summary>
    private void Copy(Group group, Entry entry)
    {
        if (group.Original is not null)
        {
            ReplicaCopy.ApplySame(group.Machine, _replies, group.Original, entry);
        }

        group.Copy?.Add(entry);
        if (!_copies.Chance(CopiesPerMille))
        {
            return;
        }

        if (group.Copy is null)
        {
            group.Copy = new ReplicaCopy(group.Machine);
            return;
        }

        group.Original = group.Machine;
        group.Machine = group.Copy.Finish(NewMachine(group.Id), group.Machine);
        _ = group.Machine.TakeCuts(); // The original's are taken already.
        Written?.Invoke(group.Id, group.Copy.Snapshot());
        group.Copy = null;
    }

    /// <summary>A leader sends what lies in an outbox, from where it knows or, being new, from the beginning.</summary>
    private void SendChannel(Group group)
    {
        _outgoing.Clear();
        group.Machine.Outgoing(_outgoing);
        if (_outgoing.Count == 0)
        {
            return;
        }

        var (to, _, newest) = _outgoing[_random.Below(_outgoing.Count)];
        var (from, index) = (Array.IndexOf(_groups, group), Array.FindIndex(_groups, other => other.Id == to));
        var known = _random.Chance(150) ? 0 : group.Known.GetValueOrDefault(index);
        if (known >= newest)
        {
            _flights.Add(new Flight(from, null, ReplicatedMachine.PackReceived(to, known), -1, IsRead: false));
            return;
        }

        _flights.Add(new Flight(index, null, group.Machine.PackOutgoing(to, known, _random.Chance(500) ? 1 : 100_000), from, IsRead: false));
    }

    private byte[] Pack(Call call)
    {
        CommandBatch.Write([new Command(call.Id, call.ExpiresAtMs, 0, false, call.Body, call.Request.IsComposite)], _writer);
        return _writer.ToArray();
    }

    // ---- The end -----------------------------------------------------------------------------------------------------------

    /// <summary>Everything arrives from now on: every call ends, and nothing is held any more.</summary>
    private void Heal()
    {
        for (var round = 0; round < 200; round++)
        {
            foreach (var flight in _flights.ToArray())
            {
                _flights.Remove(flight);
                if (flight.IsRead)
                {
                    continue;
                }

                Apply(flight.Group, [flight]);
            }

            foreach (var call in _calls.Where(static call => call.History.EndedAt == long.MaxValue))
            {
                Ask(call);
                Send(call);
            }

            for (var from = 0; from < _groups.Length; from++)
            {
                _outgoing.Clear();
                _groups[from].Machine.Outgoing(_outgoing);
                foreach (var (to, _, _) in _outgoing.ToArray())
                {
                    var index = Array.FindIndex(_groups, other => other.Id == to);
                    Apply(index, [new Flight(index, null, _groups[from].Machine.PackOutgoing(to, 0, 100_000), from, IsRead: false)]);
                }
            }

            _step++;
            if (IsQuiet())
            {
                return;
            }
        }

        throw new ViolationException("M3", $"not at rest: {string.Join("; ", _groups.Select(static group => $"{group.Id} holds {group.Machine.Pending.Count()}, {group.Machine.OpenRounds} open rounds"))}; "
            + string.Join(", ", _calls.Where(static call => call.History.EndedAt == long.MaxValue).Select(static call => call.History.Name)) + " not answered");
    }

    private bool IsQuiet()
    {
        foreach (var group in _groups)
        {
            if (group.Machine.Pending.Any() || group.Machine.OpenRounds > 0)
            {
                return false;
            }

            _outgoing.Clear();
            group.Machine.Outgoing(_outgoing);
            if (_outgoing.Exists(waiting => group.Known.GetValueOrDefault(Array.FindIndex(_groups, other => other.Id == waiting.To)) < waiting.Newest))
            {
                return false;
            }
        }

        return _calls.TrueForAll(static call => call.History.EndedAt < long.MaxValue || call.IsReused || call.IsRead || call.IsGivenUp);
    }

    private void Check()
    {
        foreach (var group in _groups)
        {
            var twin = Replay(group);
            if (twin.Digest() != group.Machine.Digest())
            {
                throw new ViolationException("A4", $"{group.Id}: the log gives another state when it is replayed");
            }
        }

        foreach (var call in _calls.Where(static call => call.Cuts > 0 && call.Cuts != call.Groups.Length))
        {
            throw new ViolationException("R1", $"{call.History.Name} has cut {call.Cuts} of {call.Groups.Length} groups");
        }

        var final = _groups.SelectMany(FinalLists).ToDictionary(static list => list.Key, static list => list.Items);
        ListHistory.Check([.. _calls.Select(static call => call.History)], final);
    }

    private IEnumerable<(string Key, long[] Items)> FinalLists(Group group)
    {
        CommandBatch.WriteReads([ListMachineType.Pack(ListMachineType.Scan, 0)], _writer);
        var reply = CommandBatch.ReadReplies(group.Machine.Read(_writer.ToArray()), 1)[0];
        return reply.Outcome is { } outcome
            ? ListMachineType.ListsOf(outcome).Select(list => ($"{group.Id}.{list.Key}", list.Items))
            : throw new ViolationException("M3", $"{group.Id} still holds something");
    }

    private static ReplicatedMachine Replay(Group group)
    {
        var machine = NewMachine(group.Id);
        foreach (var entry in group.Log)
        {
            machine.Apply(machine.AppliedUpTo.Next, entry, null);
        }

        return machine;
    }

    private sealed record Flight(int Group, Call? Call, byte[]? Batch, int From, bool IsRead);

    private sealed record Call(ListRequest Request, long ExpiresAtMs)
    {
        public ListCall History => Request.History;

        public RequestId Id => Request.Id;

        public int[] Groups => Request.Groups;

        public byte[] Body => Request.Body;

        public bool IsRead => Request.IsRead;

        public Dictionary<int, Outcome> Answers { get; } = [];

        public bool MustBeOrdered { get; set; }

        public bool IsReused { get; set; }

        /// <summary>At how many groups it has cut the state.</summary>
        public int Cuts { get; set; }

        /// <summary>It has expired: its gateway will never know what became of it.</summary>
        public bool IsGivenUp { get; set; }
    }

    private sealed class Group(GroupId id)
    {
        public GroupId Id { get; } = id;

        public ReplicatedMachine Machine { get; set; } = NewMachine(id);

        /// <summary>A copy on its way that is to take its place.</summary>
        public ReplicaCopy? Copy { get; set; }

        /// <summary>Whose place it has taken; applies everything too.</summary>
        public ReplicatedMachine? Original { get; set; }

        public List<Entry> Log { get; } = [];

        public Dictionary<int, long> Known { get; } = [];

        public long TimeMs { get; set; }
    }
}
