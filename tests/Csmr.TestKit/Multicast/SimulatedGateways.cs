using Csmr.Replication.Machine;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Multicast;

/// <summary>What one gateway does about one call; it dies with the gateway.</summary>
/// <param name="client">The client.</param>
/// <param name="request">The call.</param>
/// <param name="gateway">The gateway.</param>
/// <param name="life">The gateway's life.</param>
internal sealed class GatewayAttempt(int client, ListRequest request, int gateway, int life)
{
    /// <summary>The client.</summary>
    public int Client { get; } = client;

    /// <summary>The call.</summary>
    public ListRequest Request { get; } = request;

    /// <summary>The gateway.</summary>
    public int Gateway { get; } = gateway;

    /// <summary>The gateway's life.</summary>
    public int Life { get; } = life;

    /// <summary>Answers by group.</summary>
    public Dictionary<int, Outcome> Answers { get; } = [];

    /// <summary>Whether a read has to go through the log.</summary>
    public bool MustBeOrdered { get; set; }
}

/// <summary>
/// Clients that make one call after the other at any gateway, and repeat each at any gateway until it is answered; and gateways, which
/// send a call to its groups, one after the other, collect the answers, and may crash before any send.
/// </summary>
internal sealed class SimulatedGateways
{
    private const int OfTheClient = -1;

    // What a time-out means.
    private const int WaitedEnough = 0;
    private const int SendNow = 1;

    private readonly GroupsPlan _plan;
    private readonly GroupsSimulation _simulation;
    private readonly SimulationRandom _random;
    private readonly Client[] _clients;
    private readonly int[] _lives;
    private readonly long[] _pausedUntilUs;
    private readonly int[,] _targets;

    /// <summary>Makes them; each client begins soon.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="simulation">The run.</param>
    /// <param name="requests">Makes a client's next call: by client, id and moment.</param>
    public SimulatedGateways(GroupsPlan plan, GroupsSimulation simulation, Func<int, RequestId, long, ListRequest> requests)
    {
        (_plan, _simulation, Requests) = (plan, simulation, requests);
        _random = new SimulationRandom(plan.Seed).Fork(12);
        _lives = new int[plan.Gateways];
        _pausedUntilUs = new long[plan.Gateways];
        _targets = new int[plan.Gateways, plan.Groups.Length];
        _clients = new Client[plan.Clients];
        for (var i = 0; i < _clients.Length; i++)
        {
            _clients[i] = new Client(new SessionId(_random.Next(), _random.Next() | 1));
            simulation.Schedule(plan.FirstCallUs + _random.Between(0, 20_000), EventKind.Call, i);
        }
    }

    /// <summary>All calls, in the order of their beginning.</summary>
    public List<ListCall> History { get; } = [];

    /// <summary>How many calls were answered.</summary>
    public long Answers { get; private set; }

    /// <summary>How often a gateway crashed.</summary>
    public long Crashes { get; private set; }

    /// <summary>Whether every client has made all its calls.</summary>
    public bool AreDone => Array.TrueForAll(_clients, client => client.Sequence >= _plan.Calls && client.Current is null);

    /// <summary>The calls that are under way, for people.</summary>
    public IEnumerable<string> Open => _clients.Where(static client => client.Current is not null).Select(static client => client.Current!.Request.History.Name);

    private Func<int, RequestId, long, ListRequest> Requests { get; }

    /// <summary>A client makes its next call.</summary>
    /// <param name="index">The client.</param>
    public void Begin(int index)
    {
        var client = _clients[index];
        if (client.Sequence >= _plan.Calls)
        {
            return;
        }

        var request = Requests(index, new RequestId(client.Session, ++client.Sequence), _simulation.EventNumber);
        History.Add(request.History);
        Invoke(index, request);
    }

    /// <summary>A gateway crashes: what it was doing is forgotten.</summary>
    /// <param name="gateway">The gateway.</param>
    public void Crash(int gateway)
    {
        _lives[gateway]++;
        Crashes++;
    }

    /// <summary>A gateway does nothing for a while; then all that came happens at once.</summary>
    /// <param name="gateway">The gateway.</param>
    /// <param name="us">How long.</param>
    public void Pause(int gateway, long us) => _pausedUntilUs[gateway] = _simulation.NowUs + us;

    /// <summary>A client or gateway has waited long enough.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="what">Whether a gateway sends now, or somebody has waited.</param>
    /// <param name="group">The group that a gateway sends to or waits for; -1 where a client waits for its gateway.</param>
    public void Timeout(GatewayAttempt attempt, int what, int group)
    {
        var client = _clients[attempt.Client];
        if (client.Current != attempt)
        {
            return;
        }

        if (group != OfTheClient && IsPaused(attempt.Gateway, out var leftUs))
        {
            _simulation.Schedule(leftUs, EventKind.Timeout, attempt.Client, what, group, attempt);
            return;
        }

        if (what == SendNow)
        {
            Send(attempt, group);
            return;
        }

        if (group != OfTheClient)
        {
            if (IsAlive(attempt) && !attempt.Answers.ContainsKey(group))
            {
                _targets[attempt.Gateway, group] = _random.Below(_plan.Groups[group].Setup.Replicas + _plan.Groups[group].Spares);
                Send(attempt, group);
            }
        }
        else if (!_simulation.IsHealed && _random.Chance(_plan.GivenUp))
        {
            // Its client will never know what became of it.
            Next(client, attempt.Client);
        }
        else
        {
            Invoke(attempt.Client, attempt.Request);
        }
    }

    /// <summary>A reply has arrived at a gateway.</summary>
    /// <param name="reply">The reply.</param>
    public void Receive(GatewayReply reply)
    {
        var (attempt, group) = (reply.Request.Attempt, reply.Request.Group);
        var client = _clients[attempt.Client];
        if (IsPaused(attempt.Gateway, out var leftUs))
        {
            _simulation.Schedule(leftUs, EventKind.Reply, attempt.Gateway, 0, 0, reply);
            return;
        }

        if (client.Current != attempt || !IsAlive(attempt) || attempt.Answers.ContainsKey(group))
        {
            return;
        }

        if (reply.Reply is not { } answer)
        {
            _targets[attempt.Gateway, group] = reply.Hint >= 0 ? reply.Hint : _random.Below(_plan.Groups[group].Setup.Replicas + _plan.Groups[group].Spares);
            _simulation.Schedule(_random.Between(500, 5_000), EventKind.Timeout, attempt.Client, SendNow, group, attempt);
            return;
        }

        switch (answer.Kind)
        {
            case CommandReplyKind.Executed:
            case CommandReplyKind.Replayed:
                _simulation.Mark($"the gateway has the answer of g{group}");
                attempt.Answers.Add(group, answer.Outcome!);
                if (attempt.Answers.Count == attempt.Request.Groups.Length)
                {
                    End(client, attempt);
                }

                break;
            case CommandReplyKind.Waiting:
                break;
            case CommandReplyKind.MustBeOrdered:
                attempt.MustBeOrdered = true;
                Send(attempt, group);
                break;
            default:
                throw new ViolationException("M1", $"{attempt.Request.History.Name} is refused by g{group}: {answer.Kind}");
        }
    }

    // A gateway asks the replica that it takes for the leader.
    private void Send(GatewayAttempt attempt, int group)
    {
        if (!IsAlive(attempt) || attempt.Answers.ContainsKey(group))
        {
            return;
        }

        _simulation.Mark($"the gateway sends to g{group}");
        var request = new GatewayRequest(attempt, group, attempt.Request.IsRead && !attempt.MustBeOrdered);
        _simulation.Groups[group].Transmit(EventKind.Request, _targets[attempt.Gateway, group], 0, request);
        _simulation.Schedule(_plan.TimeoutUs + _random.Between(0, _plan.TimeoutUs / 4), EventKind.Timeout, attempt.Client, WaitedEnough, group, attempt);
    }

    private bool IsPaused(int gateway, out long leftUs) => (leftUs = _pausedUntilUs[gateway] - _simulation.NowUs) > 0;

    private bool IsAlive(GatewayAttempt attempt) => _lives[attempt.Gateway] == attempt.Life;

    private void Invoke(int index, ListRequest request)
    {
        var gateway = _random.Below(_plan.Gateways);
        var attempt = new GatewayAttempt(index, request, gateway, _lives[gateway]);
        _clients[index].Current = attempt;
        _simulation.Schedule((_plan.TimeoutUs * 3) + _random.Between(0, _plan.TimeoutUs), EventKind.Timeout, index, WaitedEnough, OfTheClient, attempt);
        foreach (var group in request.Groups.OrderBy(_ => _random.Next()).ToArray())
        {
            if (!_simulation.IsHealed && _random.Chance(_plan.GatewayCrashes))
            {
                Crash(gateway);
            }

            // Each send is an event of its own: what happens between two of them is anybody's guess.
            _simulation.Schedule(_random.Between(0, 500), EventKind.Timeout, index, SendNow, group, attempt);
        }
    }

    private void End(Client client, GatewayAttempt attempt)
    {
        var history = attempt.Request.History;
        history.EndedAt = _simulation.EventNumber;
        foreach (var (group, outcome) in attempt.Answers)
        {
            history.Lists.AddRange(attempt.Request.ListsOf(group, outcome));
        }

        Answers++;
        Next(client, attempt.Client);
    }

    private void Next(Client client, int index)
    {
        client.Current = null;
        _simulation.Schedule(_random.Between(_plan.ThinkUs / 2, _plan.ThinkUs), EventKind.Call, index);
    }

    private sealed class Client(SessionId session)
    {
        public SessionId Session { get; } = session;

        public int Sequence { get; set; }

        public GatewayAttempt? Current { get; set; }
    }
}
