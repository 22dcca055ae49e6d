using Csmr.Replication.Paxos;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>
/// Several groups of replicas with everything around them in virtual time, channels between the groups, gateways and clients. First
/// the plan's faults, then everything heals, every call must be answered within a bound, and nothing may be held any more.
/// </summary>
internal sealed partial class GroupsSimulation
{
    private const long LivenessBoundUs = 20_000_000;

    private readonly GroupsPlan _plan;
    private readonly Probes _probes;
    private readonly EventQueue _events = new();
    private readonly List<(long Event, string Step)>? _marks;
    private long _healedUs;
    private ulong _trace;

    private GroupsSimulation(GroupsPlan plan, Probes probes, Func<int, RequestId, long, ListRequest>? requests, List<(long Event, string Step)>? marks)
    {
        (_plan, _probes, _marks, _trace) = (plan, probes, marks, plan.Seed);
        Groups = [.. plan.Groups.Select((group, i) => new TimedGroup(i, group, this, probes, HostBug.None, outcomesOnly: false))];
        _copying = new SimulationRandom(plan.Seed).Fork(17);
        var random = new SimulationRandom(plan.Seed).Fork(13);
        var made = new ListRequests(random, plan.Groups.Length, plan.Keys);
        requests ??= (client, id, now) => random.Chance(plan.Singles)
            ? made.Single($"client {client} call {id.Sequence}", id, now)
            : made.Composite($"client {client} call {id.Sequence}", id, now);
        Gateways = new SimulatedGateways(plan, this, requests);
    }

    /// <summary>The groups.</summary>
    public TimedGroup[] Groups { get; }

    /// <summary>Virtual time.</summary>
    public long NowUs { get; private set; }

    /// <summary>The number of the event that happens now.</summary>
    public long EventNumber { get; private set; }

    /// <summary>Whether all faults have ended.</summary>
    public bool IsHealed => Array.TrueForAll(Groups, static group => group.IsHealed);

    /// <summary>The gateways.</summary>
    public SimulatedGateways Gateways { get; }

    /// <summary>Runs a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="probes">Where rare paths are counted.</param>
    /// <param name="requests">Makes a client's next call; null for random ones.</param>
    /// <param name="marks">Gets the steps of the protocol as they happen, with the numbers of their events.</param>
    /// <param name="injection">What is done before or after an event.</param>
    /// <returns>How it ended.</returns>
    public static RunOutcome Run(
        GroupsPlan plan, Probes probes, Func<int, RequestId, long, ListRequest>? requests = null, List<(long Event, string Step)>? marks = null, Injection? injection = null)
    {
        var simulation = new GroupsSimulation(plan, probes, requests, marks);
        Violation? violation = null;
        try
        {
            simulation.Run(injection);
        }
        catch (Exception exception)
        {
            violation = Violation.Of(exception, simulation.EventNumber);
        }

        return new RunOutcome("groups", plan.Seed, violation, simulation._trace, simulation.EventNumber, simulation.Gateways.Answers, simulation.NowUs);
    }

    /// <summary>Something will happen to clients and gateways.</summary>
    /// <param name="afterUs">After how long.</param>
    /// <param name="kind">What.</param>
    /// <param name="a">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="b">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="number">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="content">See <see cref="SimulatedEvent"/>.</param>
    public void Schedule(long afterUs, EventKind kind, int a, int b = 0, long number = 0, object? content = null) =>
        _events.Add(NowUs + afterUs, kind, a, b, number, content);

    /// <summary>A step of the protocol happens.</summary>
    /// <param name="step">The step.</param>
    public void Mark(string step) => _marks?.Add((EventNumber, step));

    private void Run(Injection? injection)
    {
        foreach (var group in Groups)
        {
            group.Begin();
        }

        while (!IsOver())
        {
            EventNumber++;
            if (injection is { IsBefore: true } before && before.Event == EventNumber)
            {
                before.Do(this);
            }

            var next = _events.Take();
            NowUs = Math.Max(NowUs, next.AtUs);
            if (IsHealed && NowUs > _healedUs + LivenessBoundUs)
            {
                throw new ViolationException(Groups.Any(static group => group.Hosts.Any(static host => host.Machine?.Pending.Any() == true)) ? "M3" : "L1", NotLive());
            }

            Fold(next);
            Happen(next);
            if (injection is { IsBefore: false } after && after.Event == EventNumber)
            {
                after.Do(this);
            }

            _healedUs = IsHealed ? _healedUs : NowUs;
        }

        Check();
    }

    private bool IsOver()
    {
        if (!Gateways.AreDone || (!_plan.HealsEarly && !IsHealed))
        {
            return false;
        }

        if (!IsHealed)
        {
            foreach (var group in Groups.Where(static group => !group.IsHealed))
            {
                group.Heal();
            }

            _healedUs = NowUs;
        }

        return Array.TrueForAll(Groups, group => group.IsCaughtUp && group.Hosts.All(host =>
            !group.IsExecuting(host) || !group.IsMember(host) || host.Replica.Status.Role == NodeRole.Outcast || IsAtRest(host)));
    }

    /// <summary>M3: nothing is pending, held or to be sent.</summary>
    private bool IsAtRest(TimedHost host)
    {
        if (host.Machine!.Pending.Any() || host.Machine.OpenRounds > 0)
        {
            return false;
        }

        _outgoing.Clear();
        host.Machine.Outgoing(_outgoing);
        return _outgoing.Count == 0;
    }

    private string NotLive() =>
        $"{LivenessBoundUs / 1000} ms after all faults ended not at rest; not answered: {string.Join(", ", Gateways.Open)}; "
        + string.Join("; ", Groups.Select(group => $"g{group.Index}: " + string.Join(", ", group.Hosts.Select(host =>
            $"r{host.Replica.Ordinal} {host.Replica.Status} holds {host.Machine?.Pending.Count()}, {host.Machine?.OpenRounds} open rounds"))));

    private void Fold(in SimulatedEvent happened)
    {
        _trace = Digests.Add(_trace, ((ulong)happened.AtUs << 8) ^ (ulong)happened.Kind);
        _trace = Digests.Add(_trace, ((ulong)happened.Group << 56) ^ ((ulong)happened.A << 48) ^ ((ulong)happened.B << 32) ^ (ulong)happened.Number);
        if (happened.Content is byte[] packed)
        {
            _trace = Digests.Add(_trace, Digests.Of(packed));
        }
    }

    private void Happen(in SimulatedEvent next)
    {
        switch (next.Kind)
        {
            case EventKind.Call:
                Gateways.Begin(next.A);
                return;
            case EventKind.Timeout:
                Gateways.Timeout((GatewayAttempt)next.Content!, next.B, (int)next.Number);
                return;
            case EventKind.Reply:
                Gateways.Receive((GatewayReply)next.Content!);
                return;
            default:
                Groups[next.Group].Happen(next);
                return;
        }
    }

    private void Check()
    {
        var final = new Dictionary<string, long[]>(StringComparer.Ordinal);
        foreach (var group in Groups)
        {
            foreach (var host in group.Hosts.Where(host => group.IsExecuting(host) && host.Replica.IsUp && host.Machine!.AppliedUpTo.Number == group.Oracle.ChosenPrefix))
            {
                group.CheckDigest(host, host.Machine!.AppliedUpTo.Number, host.Machine.Digest());
                foreach (var (key, items) in FinalLists(host))
                {
                    final[$"g{group.Index}.{key}"] = items;
                }
            }
        }

        ListHistory.Check(Gateways.History, final);
    }
}

/// <summary>What is done to a run at one of its events.</summary>
/// <param name="Event">The number of the event.</param>
/// <param name="IsBefore">Whether before it, or after.</param>
/// <param name="Do">What.</param>
internal sealed record Injection(long Event, bool IsBefore, Action<GroupsSimulation> Do);
