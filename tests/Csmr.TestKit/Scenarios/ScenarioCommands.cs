using System.Globalization;
using System.Text.RegularExpressions;
using Csmr.Replication.Paxos;
using Csmr.TestKit.Checking;
using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Scenarios;

/// <summary>The commands of scripts; docs/simulation.md lists them.</summary>
internal sealed partial class ScenarioCommands
{
    private ScenarioGroup? _group;

    private ScenarioGroup Group => _group ?? throw new ScenarioException("a script begins with 'group'");

    /// <summary>Carries out one command.</summary>
    /// <param name="line">The command.</param>
    /// <param name="output">What happened.</param>
    /// <exception cref="ScenarioException">There is no such command.</exception>
    public void Run(string line, List<string> output)
    {
        var words = Words().Matches(line).Select(match => match.Value.Trim('"')).ToArray();
        try
        {
            if (words[0] == "group")
            {
                _group = MakeGroup(words);
            }
            else
            {
                Group.IsQuiet = words[0] is "elect" or "settle" or "run" or "restart";
                Run(words);
            }
        }
        catch (Exception error) when (error is FormatException or IndexOutOfRangeException or ArgumentException or KeyNotFoundException)
        {
            throw new ScenarioException($"'{line}': {error.Message}");
        }
        finally
        {
            if (_group is not null)
            {
                output.AddRange(_group.Output);
                _group.Output.Clear();
            }
        }
    }

    private void Run(string[] words)
    {
        switch (words[0])
        {
            case "tick":
                Group.TickAndTell(Replica(words[1]), words.Length > 2 ? Number(words[2]) : 1);
                break;
            case "run":
                Group.Run(Number(words[1]));
                break;
            case "elect":
                Group.Elect(Replica(words[1]), [.. words.Length > 2 ? words[2..].Select(Replica) : Group.Up.Where(i => i != Replica(words[1]))]);
                break;
            case "settle":
                Group.SettleAndTell(words.Length > 1 ? [.. words[1..].Select(Replica)] : Group.Up);
                break;
            case "propose":
                Group.Propose(Replica(words[1]), words[2]);
                break;
            case "call":
                var id = words[2].TrimStart('c').Split('.');
                Group.Call(Replica(words[1]), Number(id[0]), Number(id[1]), Enum.Parse<RegisterCallKind>(words[3], ignoreCase: true), words[4], Number(words[5]));
                break;
            case "read":
                Group.ReadAndTell(Replica(words[1]));
                break;
            case "hand-over":
                Group.HandOver(Replica(words[1]));
                break;
            case "suspect":
                Group.Suspect(Replica(words[1]), Replica(words[2]));
                break;
            case "state":
                (words.Length > 1 ? words[1..].Select(Replica) : Enumerable.Range(0, Group.Size)).ToList().ForEach(Group.TellState);
                break;
            case "log":
                Group.TellLog(Replica(words[1]));
                break;
            default:
                RunFault(words);
                break;
        }
    }

    private void RunFault(string[] words)
    {
        switch (words[0])
        {
            case "deliver" when words[1] == "kept":
                Group.DeliverKept(words[2]);
                break;
            case "deliver":
                Group.DeliverWaiting(Which(words[1..]));
                break;
            case "double":
                Group.DeliverWaiting(Which(words[1..]), keeps: true);
                break;
            case "drop":
                Group.Drop(Which(words[1..]));
                break;
            case "keep":
                Group.Keep(Which(words[1..^2]), words[^1]);
                break;
            case "messages":
                Group.TellWaiting();
                break;
            case "cut":
                Cut(words[1]);
                break;
            case "heal":
                Group.Heal();
                break;
            case "hold":
                Group.Hold(Replica(words[1]));
                break;
            case "release":
                Group.Release(Replica(words[1]));
                break;
            case "flush":
                Group.FlushByHand(Replica(words[1]));
                break;
            case "crash":
                Group.CrashAndTell(Replica(words[1]));
                break;
            case "restart":
                Group.Restart(Replica(words[1]));
                break;
            case "empty-disk":
                Group.EmptyDisk(Replica(words[1]));
                break;
            default:
                throw new FormatException("there is no such command");
        }
    }

    // group 3 [new] [witnesses=1] [message-bytes=500] [slots-in-flight=1] [messages-in-flight=1]
    private static ScenarioGroup MakeGroup(string[] words)
    {
        int? Bound(string name) => words.FirstOrDefault(word => word.StartsWith(name + "=", StringComparison.Ordinal)) is { } word
            ? Number(word[(name.Length + 1)..])
            : null;
        return new ScenarioGroup(
            new GroupSetup(Number(words[1]), Bound("witnesses") ?? 0),
            !words.Contains("new", StringComparer.Ordinal),
            options => options with
            {
                MessageBytesMax = Bound("message-bytes") ?? options.MessageBytesMax,
                SlotsInFlightMax = Bound("slots-in-flight") ?? options.SlotsInFlightMax,
                PeerMessagesInFlightMax = Bound("messages-in-flight") ?? options.PeerMessagesInFlightMax,
            });
    }

    // all, 1->2, 1->2 Accept
    private static Func<(int From, int To, Message Message), bool> Which(string[] words)
    {
        if (words[0] == "all")
        {
            return static _ => true;
        }

        var (from, to) = Link(words[0]);
        var kind = words.ElementAtOrDefault(1);
        return sent => sent.From == from && sent.To == to && (kind is null || sent.Message.GetType().Name == kind);
    }

    private void Cut(string which)
    {
        if (which.Contains("->", StringComparison.Ordinal))
        {
            var (from, to) = Link(which);
            Group.Cut(from, to);
            return;
        }

        for (var other = 0; other < Group.Size; other++)
        {
            Group.Cut(Replica(which), other);
            Group.Cut(other, Replica(which));
        }
    }

    private static (int From, int To) Link(string text)
    {
        var ends = text.Split("->");
        return (Replica(ends[0]), Replica(ends[1]));
    }

    private static int Replica(string text) => Number(text.TrimStart('r'));

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex("\"[^\"]*\"|\\S+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Words();
}

/// <summary>A script is not in order.</summary>
/// <param name="message">What is wrong.</param>
public sealed class ScenarioException(string message) : Exception(message);
