using System.Text.Json;
using Csmr.TestKit.Checking.Histories;
using Csmr.TestKit.Simulation;

namespace Csmr.Simulation.Tests.Checking.Naive;

/// <summary>What is done to a right history, so that it is wrong, perhaps.</summary>
internal enum Breakage
{
    None,
    StaleRead,
    LostWrite,
    DoubledWrite,
    WrongAnswer,
    Reordered,
    NotDone,
}

/// <summary>A random execution of the naive services by a few clients: what they saw, and the log.</summary>
internal sealed class RandomHistory
{
    private const string Group = "g";

    private readonly SimulationRandom _random;
    private readonly HistoryRules _rules;
    private readonly Theme _theme;
    private readonly long[] _free;
    private readonly List<NaiveState> _past = [NaiveState.Empty];
    private NaiveState _state = NaiveState.Empty;

    public RandomHistory(SimulationRandom random, HistoryRules rules, int count)
    {
        (_random, _rules) = (random, rules);
        _theme = (Theme)random.Below(3);
        _free = new long[1 + random.Below(3)];
        Breakage = random.Chance(350) ? Breakage.None : (Breakage)(1 + random.Below(6));
        var broken = random.Below(count);
        for (var i = 0; i < count; i++)
        {
            Step(i, i == broken ? Breakage : Breakage.None);
        }

        if (Breakage == Breakage.Reordered)
        {
            SwapTimes();
        }
    }

    public Breakage Breakage { get; }

    public List<HistoryOperation> Operations { get; } = [];

    public List<ChosenOperation> Log { get; } = [];

    public override string ToString() => $"{Breakage}\n{string.Join('\n', Operations)}\nlog:\n{string.Join('\n', Log)}";

    private void Step(int number, Breakage breakage)
    {
        var client = _random.Below(_free.Length);
        var moment = (number + 1) * 100L;
        var from = Math.Min(Math.Max(_free[client], moment - _random.Below(300)), moment);
        var to = moment + _random.Below(300);
        _free[client] = to + 1;

        var (op, args) = Draw($"c{client}");
        var arguments = JsonElement.Parse(args);
        var isRead = op is "get" or "retrieve";
        var isUnknown = _random.Chance(150);
        var happens = !isUnknown || _random.Chance(500);
        var readsFrom = breakage == Breakage.StaleRead ? _past[_random.Below(_past.Count)] : _state;
        var outcome = Pick(op, arguments, readsFrom);
        if (happens && breakage != Breakage.LostWrite)
        {
            _state = breakage == Breakage.StaleRead && !isRead ? Pick(op, arguments, _state).After : outcome.After;
            if (breakage == Breakage.DoubledWrite && !isRead)
            {
                _state = Pick(op, arguments, _state).After;
            }

            _past.Add(_state);
            if (!isRead)
            {
                Log.Add(new ChosenOperation(Log.Count + 1, 0, $"r{number}", op, arguments, JsonElement.Parse(outcome.Answer)));
            }
        }

        var answer = breakage == Breakage.WrongAnswer ? Pick(op, arguments, _past[_random.Below(_past.Count)]).Answer : outcome.Answer;
        Operations.Add(new HistoryOperation
        {
            Client = $"c{client}",
            Op = op,
            Args = arguments,
            Result = isUnknown ? null : JsonElement.Parse(answer),
            CallNs = from,
            ReturnNs = isUnknown ? null : to,
            Status = isUnknown ? OperationStatus.Unknown : OperationStatus.Ok,
            Slots = isUnknown ? null : new Dictionary<string, long>(StringComparer.Ordinal) { [Group] = Log.Count },
            Request = $"r{number}",
        });
        if (breakage == Breakage.NotDone)
        {
            Operations[^1] = Operations[^1] with { Status = OperationStatus.Fail, Result = null };
        }
    }

    private enum Theme
    {
        Values,
        Locks,
        Entries,
    }

    private NaiveOutcome Pick(string op, JsonElement args, NaiveState state)
    {
        var outcomes = op == "put" && _rules != HistoryRules.Services
            ? NaiveServices.AuditedPut(state, args)
            : NaiveServices.Outcomes(state, op, args);
        var all = outcomes.ToList();

        // A gap in the versions now and then, while enough are left for the rest of the history.
        return all[all.Count > 6 && _random.Chance(250) ? 1 : 0];
    }

    private (string Op, string Args) Draw(string owner)
    {
        var theme = _random.Chance(850) ? _theme : (Theme)_random.Below(3);
        var key = _random.Chance(900) ? "a" : "b";
        var stamp = 1 + _random.Below(4);
        return theme switch
        {
            Theme.Values => DrawValues(key, stamp),
            Theme.Locks => DrawLocks(key, owner, stamp),
            _ => DrawEntries(key),
        };
    }

    private (string Op, string Args) DrawValues(string key, int stamp) => _random.Below(8) switch
    {
        0 or 1 => ("put", $$"""{"key":"{{key}}","value":{{_random.Below(3)}}}"""),
        2 or 3 or 4 => ("get", $$"""{"key":"{{key}}"}"""),
        5 => ("delete", $$"""{"key":"{{key}}"}"""),
        6 => ("cas", $$"""{"key":"{{key}}","value":{{_random.Below(3)}},"expectedVersion":{{stamp - 1}}}"""),
        _ => ("cas", $$"""{"key":"{{key}}","value":{{_random.Below(3)}},"expectedValue":{{_random.Below(3)}}}"""),
    };

    private (string Op, string Args) DrawLocks(string key, string owner, int stamp) => _random.Below(6) switch
    {
        0 or 1 or 2 => ("acquire", $$"""{"key":"{{key}}","owner":"{{owner}}"}"""),
        3 => ("release", $$"""{"key":"{{key}}","owner":"{{owner}}"}"""),
        4 => ("release", $$"""{"key":"{{key}}","owner":"{{owner}}","token":{{stamp}}}"""),
        _ => ("check", $$"""{"key":"{{key}}","token":{{stamp}}}"""),
    };

    // Where puts leave entries, these are what is read.
    private (string Op, string Args) DrawEntries(string key) => _random.Below(6) switch
    {
        0 or 1 or 2 => ("retrieve", $$"""{"first":{{(_random.Chance(50) ? 0 : 1 + _random.Below(2))}},"last":{{1 + _random.Below(5)}}}"""),
        3 => ("truncate", $$"""{"index":{{1 + _random.Below(3)}}}"""),
        _ => _rules == HistoryRules.Services
            ? ("append", $$"""{"entry":{{_random.Below(3)}}}""")
            : ("put", $$"""{"key":"{{key}}","value":{{_random.Below(3)}}}"""),
    };

    private void SwapTimes()
    {
        var (one, other) = (_random.Below(Operations.Count), _random.Below(Operations.Count));
        var (first, second) = (Operations[one], Operations[other]);
        if (first.ReturnNs is not null && second.ReturnNs is not null)
        {
            Operations[one] = first with { CallNs = second.CallNs, ReturnNs = second.ReturnNs };
            Operations[other] = second with { CallNs = first.CallNs, ReturnNs = first.ReturnNs };
        }
    }
}
