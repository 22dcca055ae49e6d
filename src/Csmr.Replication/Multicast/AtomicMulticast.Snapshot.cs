using Csmr.Replication.Machine;

namespace Csmr.Replication.Multicast;

/// <content>
/// What is written of the order, the rounds and the channels: all that decides about what comes. Runs, footprints and holds are
/// not: they follow from the programs and the results that are known.
/// </content>
internal sealed partial class AtomicMulticast
{
    /// <summary>Writes the state, the channels included.</summary>
    public void Snapshot(WireWriter writer)
    {
        writer.VarUInt((ulong)_clock);
        _order.Snapshot(writer);
        writer.VarUInt((uint)_rounds.Count);
        foreach (var (key, round) in _rounds.OrderBy(static pair => Place(pair.Key)))
        {
            key.Id.Write(writer);
            round.Snapshot(writer);
        }

        Channels.Snapshot(writer);
    }

    /// <summary>Reads what <see cref="Snapshot"/> wrote, into a state just made.</summary>
    /// <exception cref="WireFormatException">The bytes are no such state.</exception>
    public void Restore(ref WireReader reader)
    {
        _clock = reader.Number();
        _order.Restore(ref reader, ReadOperation);
        (SessionId, long, int, ulong)? last = null;
        for (var left = reader.Count(31); left > 0; left--)
        {
            var id = RequestId.Read(ref reader);
            var round = VoteRound.Read(ref reader, id, _self, FindOpen);
            var place = Place((id, round.Content));
            SnapshotRules.Require(last is null || last.Value.CompareTo(place) < 0, "the rounds are not in order");
            _rounds.Add((id, round.Content), round);
            last = place;
        }

        Channels.Restore(ref reader);
    }

    private static (SessionId Session, long Sequence, int Step, ulong Content) Place((RequestId Id, ulong Content) key) =>
        (key.Id.Session, key.Id.Sequence, key.Id.Step, key.Content);

    private OrderedOperation ReadOperation(ref WireReader reader)
    {
        var isComposite = reader.Bool();

        // The bytes are copied: an operation must not keep the whole snapshot in memory.
        var command = Command.Read(ref reader);
        command = command with { Invocation = command.Invocation.ToArray() };
        SnapshotRules.Require(command.IsComposite == isComposite, "an operation is of two kinds");
        OrderedOperation operation = isComposite ? ReadComposite(command, ref reader) : ReadCommand(command, ref reader);
        operation.Restore(ref reader);
        SnapshotRules.Require(_open.TryAdd(command.Id, operation), "an operation is there twice");
        return operation;
    }

    private OrderedCommand ReadCommand(in Command command, ref WireReader reader) => new()
    {
        Command = command,
        Footprint = _executor.FootprintOf(command.Invocation),
        Timestamp = Timestamp.Read(ref reader),
        IsFinal = reader.Bool(),
    };

    private Composite ReadComposite(in Command command, ref WireReader reader)
    {
        var sinceMs = reader.VarInt();
        var read = Read(command);
        SnapshotRules.Require(read is not null, $"a composite operation is unknown to group '{_self}'");
        var (call, run) = read.Value;
        var self = call.IndexOf(_self);
        return new Composite
        {
            Command = command,
            Call = call,
            SinceMs = sinceMs,
            Self = self,
            Run = run,
            Footprint = FootprintOf(run, self),
            Timestamp = Timestamp.Read(ref reader),
            IsFinal = reader.Bool(),
            Cleared = new bool[call.Destinations.Count],
        };
    }

    private Composite? FindOpen(RequestId id, ulong content) =>
        _open.TryGetValue(id, out var open) && open is Composite composite && Content(composite.Command) == content ? composite : null;
}
