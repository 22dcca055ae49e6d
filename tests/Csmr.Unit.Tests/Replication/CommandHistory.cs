using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Machines;
using Csmr.TestKit.Simulation;

namespace Csmr.Unit.Tests.Replication;

/// <summary>Entries of commands of few sessions: some are sent again, some with an id that was used for something else.</summary>
internal sealed class CommandHistory(IStateMachineType type, int seed)
{
    private readonly SimulationRandom _random = new((ulong)seed);
    private readonly InvocationGenerator _calls = new(type.Definition, seed);
    private readonly List<Command> _sent = [];
    private readonly long[] _sequences = new long[5];
    private readonly List<int> _batches = [];
    private readonly WireWriter _writer = new();
    private long _timeMs = 1_000;

    public bool Chance(int perMille) => _random.Chance(perMille);

    public int Below(int bound) => _random.Below(bound);

    public Entry Next()
    {
        _timeMs += _random.Chance(30) ? _random.Below(4_000) : _random.Below(40);
        _batches.Clear();
        return new Entry(_timeMs, [.. Enumerable.Range(0, _random.Below(3)).Select(_ => Batch())]);
    }

    public IEnumerable<CommandReplyKind> Learn(List<byte[]> replies)
    {
        for (var i = 0; i < replies.Count; i++)
        {
            foreach (var reply in CommandBatch.ReadReplies(replies[i], _batches[i]))
            {
                if (reply.Outcome is not null)
                {
                    _calls.See(reply.Outcome);
                }

                yield return reply.Kind;
            }
        }
    }

    private ReadOnlyMemory<byte> Batch()
    {
        var commands = Enumerable.Range(0, _random.Below(3) + 1).Select(_ => Command()).ToArray();
        _batches.Add(commands.Length);
        CommandBatch.Write(commands, _writer);
        return _writer.ToArray();
    }

    private Command Command()
    {
        if (_sent.Count > 0 && _random.Chance(200))
        {
            var again = _sent[_sent.Count - 1 - _random.Below(Math.Min(_sent.Count, 30))];
            return _random.Chance(200) ? again with { Invocation = Invocation() } : again;
        }

        var session = _random.Below(_sequences.Length);
        var sequence = ++_sequences[session];
        var acknowledged = _random.Chance(300) ? Math.Max(0, sequence - _random.Below(6)) : 0;
        var id = new RequestId(new SessionId((ulong)session % 2, (ulong)session + 1), sequence, _random.Below(2));
        var command = new Command(id, _timeMs + _random.Below(3_200), acknowledged, _random.Chance(300), Invocation());
        _sent.Add(command);
        return command;
    }

    private byte[] Invocation()
    {
        var writer = new WireWriter();
        _calls.Next().Write(writer);
        return writer.ToArray();
    }
}
