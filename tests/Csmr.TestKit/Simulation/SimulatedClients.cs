using Csmr.Replication.Machine;
using Csmr.TestKit.Checking;

namespace Csmr.TestKit.Simulation;

/// <summary>One call of a simulated client, with all that is known of it.</summary>
internal sealed class ClientCall
{
    /// <summary>The client.</summary>
    public required int Client { get; init; }

    /// <summary>The request's id, the same in every try.</summary>
    public required RequestId Id { get; init; }

    /// <summary>What is called.</summary>
    public required RegisterCall Call { get; init; }

    /// <summary>The register.</summary>
    public required int Key { get; init; }

    /// <summary>Below this sequence the client has all answers.</summary>
    public required long AcknowledgedBelow { get; init; }

    /// <summary>When the command expires.</summary>
    public required long ExpiresAtMs { get; init; }

    /// <summary>When the call began.</summary>
    public required long CalledAtUs { get; init; }

    /// <summary>The highest slot that any answer came from when the call began.</summary>
    public required long Floor { get; init; }

    /// <summary>When the answer came; the largest number where none did.</summary>
    public long ReturnedAtUs { get; set; } = long.MaxValue;

    /// <summary>The slot that the answer came from.</summary>
    public long Slot { get; set; }

    /// <summary>The answer.</summary>
    public RegisterAnswer Answer { get; set; }

    /// <summary>The current try, from 1.</summary>
    public int Try { get; set; }

    /// <summary>Whether it only reads.</summary>
    public bool IsRead => Call.Kind == RegisterCallKind.Read;

    /// <summary>Whether an answer came.</summary>
    public bool IsAnswered => ReturnedAtUs != long.MaxValue;
}

/// <summary>A reply on its way to a client.</summary>
/// <param name="Call">The call.</param>
/// <param name="Try">The try that it answers.</param>
/// <param name="Reply">The reply; null where the replica gave the request up.</param>
/// <param name="Hint">Who leads, as far as the replica knows; -1 where it does not.</param>
internal sealed record ClientReply(ClientCall Call, int Try, CommandReply? Reply, int Hint);

/// <summary>Clients that make one call after the other and repeat each, under the same id and anywhere, until it is answered.</summary>
internal sealed class SimulatedClients
{
    private readonly TimedPlan _plan;
    private readonly TimedSimulation _simulation;
    private readonly SimulationRandom _random;
    private readonly Client[] _clients;

    /// <summary>Makes them; each begins soon.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="simulation">The run.</param>
    public SimulatedClients(TimedPlan plan, TimedSimulation simulation)
    {
        (_plan, _simulation) = (plan, simulation);
        _random = new SimulationRandom(plan.Seed).Fork(5);
        _clients = new Client[plan.Clients];
        for (var i = 0; i < _clients.Length; i++)
        {
            _clients[i] = new Client(new SessionId(_random.Next(), _random.Next() | 1));
            simulation.Schedule(_random.Between(0, 20_000), EventKind.Call, i);
        }
    }

    /// <summary>All calls, in the order of their beginning.</summary>
    public List<ClientCall> History { get; } = [];

    /// <summary>How many calls were answered.</summary>
    public long Answers { get; private set; }

    /// <summary>Whether every client has made all its calls.</summary>
    public bool AreDone => Array.TrueForAll(_clients, client => client.Sequence > _plan.Calls || (client.Sequence == _plan.Calls && client.Current is null));

    /// <summary>A client makes its next call.</summary>
    /// <param name="index">The client.</param>
    public void Begin(int index)
    {
        var client = _clients[index];
        if (client.Sequence >= _plan.Calls)
        {
            return;
        }

        var kind = _random.Chance(_plan.Reads) ? RegisterCallKind.Read : (RegisterCallKind)(1 + _random.Below(3));
        client.Current = new ClientCall
        {
            Client = index,
            Id = new RequestId(client.Session, ++client.Sequence),
            Call = new RegisterCall(kind, (index * 1000) + client.Sequence),
            Key = _random.Below(_plan.Keys),
            AcknowledgedBelow = client.FirstUnanswered ?? client.Sequence,
            ExpiresAtMs = _simulation.TrueTimeMs + _plan.ExpiryMs,
            CalledAtUs = _simulation.NowUs,
            Floor = _simulation.AnsweredSlot,
        };
        History.Add(client.Current);
        Try(client);
    }

    /// <summary>A client has waited long enough for a try.</summary>
    /// <param name="index">The client.</param>
    /// <param name="sequence">The call's sequence.</param>
    /// <param name="number">The try.</param>
    public void Timeout(int index, int sequence, long number)
    {
        var client = _clients[index];
        if (client.Current is { } call && call.Id.Sequence == sequence && call.Try == number)
        {
            client.Target = client.Hint >= 0 ? client.Hint : _random.Below(_plan.Setup.Replicas + _plan.Spares);
            client.Hint = -1;
            Try(client);
        }
    }

    /// <summary>A reply has arrived, perhaps to an earlier try.</summary>
    /// <param name="reply">The reply.</param>
    public void Receive(ClientReply reply)
    {
        var client = _clients[reply.Call.Client];
        if (client.Current != reply.Call)
        {
            return;
        }

        if (reply.Reply is not { } answer)
        {
            // Given up there: another try, soon, where the hint says.
            if (reply.Try == reply.Call.Try)
            {
                client.Hint = reply.Hint;
                _simulation.Schedule(_random.Between(500, 5_000), EventKind.Timeout, reply.Call.Client, (int)reply.Call.Id.Sequence, reply.Call.Try);
            }

            return;
        }

        switch (answer.Kind)
        {
            case CommandReplyKind.Executed:
            case CommandReplyKind.Replayed:
                var fields = answer.Outcome!.Fields;
                reply.Call.ReturnedAtUs = _simulation.NowUs;
                reply.Call.Slot = answer.Slot.Number;
                reply.Call.Answer = new RegisterAnswer(fields[0].AsLong(), fields[1].AsLong());
                Answers++;
                break;
            case CommandReplyKind.Expired:
                // It may have been executed by an earlier try: the client will never know.
                client.FirstUnanswered ??= reply.Call.Id.Sequence;
                break;
            default:
                throw new ViolationException("A5", $"{reply.Call.Id} of {reply.Call.Call} is answered {answer.Kind} though its client has no answer yet");
        }

        client.Current = null;
        _simulation.Schedule(_random.Between(_plan.ThinkUs / 2, _plan.ThinkUs), EventKind.Call, reply.Call.Client);
    }

    private void Try(Client client)
    {
        var call = client.Current!;
        call.Try++;
        _simulation.Request(client.Target, call);
        _simulation.Schedule(_plan.TimeoutUs + _random.Between(0, _plan.TimeoutUs / 4), EventKind.Timeout, call.Client, (int)call.Id.Sequence, call.Try);
    }

    private sealed class Client(SessionId session)
    {
        public SessionId Session { get; } = session;

        public int Sequence { get; set; }

        public ClientCall? Current { get; set; }

        public int Target { get; set; }

        public int Hint { get; set; } = -1;

        public long? FirstUnanswered { get; set; }
    }
}
