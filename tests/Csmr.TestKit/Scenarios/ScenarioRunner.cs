using Csmr.TestKit.Simulation;

namespace Csmr.TestKit.Scenarios;

/// <summary>What came of a script.</summary>
/// <param name="Script">The script with what happened as its expected parts.</param>
/// <param name="Violation">The invariant that broke, which ended it; null where all held.</param>
/// <param name="FirstDifference">The first line that is not as the script expects, with those around it; null where all is.</param>
public sealed record ScenarioOutcome(string Script, Violation? Violation, string? FirstDifference)
{
    /// <summary>Whether all held and happened as expected.</summary>
    public bool IsAsExpected => Violation is null && FirstDifference is null;
}

/// <summary>
/// Runs scripts: commands, then <c>----</c> and what they lead to, then an empty line. Real nodes execute them, and every
/// step is checked as in a simulation.
/// </summary>
public static class ScenarioRunner
{
    private const string Rule = "----";

    /// <summary>Runs a script.</summary>
    /// <param name="text">The script.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="ScenarioException">A command is not in order.</exception>
    public static ScenarioOutcome Run(string text)
    {
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        var actual = new List<string>();
        var commands = new ScenarioCommands();
        var output = new List<string>();
        Violation? violation = null;
        for (var i = 0; i < lines.Length && violation is null; i++)
        {
            if (lines[i] == Rule)
            {
                actual.Add(Rule);
                actual.AddRange(output);
                output.Clear();
                while (i + 1 < lines.Length && lines[i + 1].Length > 0)
                {
                    i++;
                }

                continue;
            }

            actual.Add(lines[i]);
            if (lines[i].Length > 0 && !lines[i].StartsWith('#'))
            {
                violation = RunOne(commands, lines[i], output);
            }
        }

        if (violation is not null)
        {
            actual.AddRange([Rule, .. output, $"! {violation.Id}: {violation.What}"]);
        }
        else if (output.Count > 0)
        {
            actual.AddRange([Rule, .. output]);
        }

        return new ScenarioOutcome(string.Join('\n', actual) + "\n", violation, FirstDifference(lines, actual));
    }

    private static Violation? RunOne(ScenarioCommands commands, string line, List<string> output)
    {
        try
        {
            commands.Run(line, output);
            return null;
        }
        catch (Exception broken) when (broken is ViolationException or InvariantBrokenException)
        {
            return Violation.Of(broken, 0);
        }
    }

    private static string? FirstDifference(IReadOnlyList<string> expected, IReadOnlyList<string> actual)
    {
        var at = 0;
        while (at < expected.Count && at < actual.Count && expected[at] == actual[at])
        {
            at++;
        }

        if (at == expected.Count && at == actual.Count)
        {
            return null;
        }

        var before = expected.Take(at).TakeLast(6).Select(line => "  " + line);
        var wanted = expected.Skip(at).Take(4).Select(line => "- " + line);
        var got = actual.Skip(at).Take(4).Select(line => "+ " + line);
        return $"line {at + 1}:\n{string.Join('\n', before.Concat(wanted).Concat(got))}";
    }
}
