using Csmr.TestKit.Checking.Objects;

namespace Csmr.TestKit.Checking.Histories;

/// <summary>Replays the log of one group and holds its answers, and the reads between them, against the models.</summary>
internal sealed class GroupReplay
{
    private readonly string _group;
    private readonly List<string> _problems;
    private readonly List<(long Slot, HistoryOperation Operation, NamedCall Call)> _log = [];
    private readonly Dictionary<string, ObjectModel?> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ObjectState> _states = new(StringComparer.Ordinal);

    public GroupReplay(string group, IEnumerable<ChosenOperation> log, List<string> problems)
    {
        (_group, _problems) = (group, problems);
        (long Slot, int Position) last = (0, -1);
        foreach (var chosen in log)
        {
            if ((chosen.Slot, chosen.Position).CompareTo(last) <= 0)
            {
                throw new ArgumentException($"{group}: the log is not in order at slot {chosen.Slot}, position {chosen.Position}", nameof(log));
            }

            last = (chosen.Slot, chosen.Position);
            var operation = new HistoryOperation
            {
                Client = "log",
                Op = chosen.Op[(chosen.Op.LastIndexOf('.') + 1)..],
                Args = chosen.Args,
                Result = chosen.Result,
                CallNs = 0,
                ReturnNs = 0,
                Status = OperationStatus.Ok,
                Slots = new Dictionary<string, long>(StringComparer.Ordinal) { [group] = chosen.Slot },
                Request = chosen.Request,
            };
            if (ServiceCalls.Read(operation) is { } call)
            {
                _log.Add((chosen.Slot, operation, call));
            }
        }

        foreach (var calls in _log.GroupBy(item => item.Call.Object, StringComparer.Ordinal))
        {
            _models.Add(calls.Key, HasLeases(calls.Select(item => item.Operation)) ? null : ObjectModel.Of(calls.First().Call.Call, [.. calls.Select(item => item.Call.Call)]));
        }
    }

    /// <summary>Replays.</summary>
    /// <param name="reads">The reads, each at the slot up to which the group had applied.</param>
    public void Run(IEnumerable<(long Slot, HistoryOperation Operation)> reads)
    {
        var ordered = reads.OrderBy(read => read.Slot).ToList();
        var next = 0;
        foreach (var (slot, operation, call) in _log)
        {
            for (; next < ordered.Count && ordered[next].Slot < slot; next++)
            {
                Read(ordered[next].Operation);
            }

            Apply(operation, call, "does not follow from what is before it in the log");
        }

        for (; next < ordered.Count; next++)
        {
            Read(ordered[next].Operation);
        }
    }

    private void Read(HistoryOperation operation)
    {
        // The service's name is the group here.
        var plain = operation with { Op = operation.Op[(operation.Op.LastIndexOf('.') + 1)..] };
        if (ServiceCalls.Read(plain) is not { } call)
        {
            return;
        }

        if (!_models.TryGetValue(call.Object, out var model))
        {
            _models.Add(call.Object, model = ObjectModel.Of(call.Call, []));
        }

        if (model is LogObject log && call.Call is LogCall { Kind: LogCallKind.Retrieve, Ok: true } retrieved)
        {
            log.Learn(retrieved);
        }

        Apply(operation, call, "is not what the log gives there");
    }

    private void Apply(HistoryOperation operation, NamedCall call, string complaint)
    {
        // A lock with leases ends by the group's time, which is not replayed here.
        if (_models[call.Object] is not { } model)
        {
            return;
        }

        if (model.Apply(_states.GetValueOrDefault(call.Object, model.Initial), call.Call) is { } after)
        {
            _states[call.Object] = after;
        }
        else
        {
            _problems.Add($"{_group}: {operation} {complaint}");
        }
    }

    private static bool HasLeases(IEnumerable<HistoryOperation> operations) => operations.Any(operation =>
        operation.Args.TryGetProperty("leaseSeconds", out _)
        || (operation.Result is { } result && result.TryGetProperty("expiresAtMs", out var end) && end.ValueKind != System.Text.Json.JsonValueKind.Null));
}
