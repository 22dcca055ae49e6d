using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Csmr.Chaos.Faults;
using Csmr.Chaos.Processes;
using Csmr.Chaos.Runs;

namespace Csmr.Chaos.Commands;

/// <summary>The command: <c>run</c>, <c>faults</c>.</summary>
internal static class ChaosCommands
{
    private const int Usage = 2;

    /// <summary>Runs one command. Exit code 0: all is good, 1: a promise was broken, 2: the command was not understood or cannot run here.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand("Runs real replica and gateway processes under load and faults, and judges what they did.") { Run(), Faults() };
        var parsed = root.Parse(arguments);
        try
        {
            var code = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
            return parsed.Errors.Count > 0 ? Usage : code;
        }
        catch (HarnessException cause)
        {
            await Console.Error.WriteLineAsync($"chaos: {cause.Message}");
            return Usage;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("chaos: cut short");
            return Usage;
        }
    }

    private static Command Run()
    {
        var minutes = new Option<double>("--minutes")
        {
            Description = "For how long faults are injected.",
            DefaultValueFactory = static _ => 10,
            CustomParser = static result => ReadNumber(result, "a number above 0, at most 10000", static number => number is > 0 and <= 10_000),
        };
        var replicas = new Option<int>("--replicas")
        {
            Description = "How many replica processes: 3 or 5.",
            DefaultValueFactory = static _ => 3,
            CustomParser = static result => (int)ReadNumber(result, "3 or 5", static number => number is 3 or 5),
        };
        var faults = new Option<string[]>("--faults") { Description = "Which faults may come, parted by commas; all where left out. See the command 'faults'.", AllowMultipleArgumentsPerToken = true };
        var seed = new Option<int?>("--seed") { Description = "Decides which faults come when; drawn and printed where left out." };
        var keep = new Option<bool>("--keep") { Description = "Leaves data, logs and the history on disk." };
        faults.Validators.Add(result =>
        {
            foreach (var name in NamesOf(result.GetValue(faults)).Where(static name => !FaultCatalog.Names.Contains(name)))
            {
                result.AddError($"there is no fault '{name}'; there are {string.Join(", ", FaultCatalog.Names)}");
            }
        });
        var command = new Command("run", "Runs faults drawn by a seed for a time. Exit code 1 where a promise was broken.") { minutes, replicas, faults, seed, keep };
        command.SetAction((result, cancellation) => RunAsync(
            new RunOptions
            {
                Duration = TimeSpan.FromMinutes(result.GetValue(minutes)),
                Replicas = result.GetValue(replicas),
                Faults = NamesOf(result.GetValue(faults)) is { Count: > 0 } names ? names : FaultCatalog.Names,
                Seed = result.GetValue(seed) ?? Random.Shared.Next(1, 1_000_000),
                IsKept = result.GetValue(keep),
                Log = static line => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.f} {line}")),
            },
            cancellation));
        return command;
    }

    private static Command Faults()
    {
        var command = new Command("faults", "Lists the kinds of faults, and which cannot be had on this machine.");
        command.SetAction(static _ =>
        {
            foreach (var fault in FaultCatalog.Names.Select(static name => FaultCatalog.Make(name)!))
            {
                Console.WriteLine($"{fault.Name,-22} {fault.Summary}{(fault.WhyNot is { } reason ? $" (not here: {reason})" : "")}");
            }

            return 0;
        });
        return command;
    }

    private static async Task<int> RunAsync(RunOptions options, CancellationToken cancellation)
    {
        if (PostgresServer.WhyNot is { } reason)
        {
            throw new HarnessException(reason);
        }

        options.Log($"seed {options.Seed}");
        var report = await ChaosRun.RunAsync(options, cancellation);
        Console.WriteLine();
        Console.WriteLine(report);
        return report.IsGood ? 0 : 1;
    }

    private static double ReadNumber(ArgumentResult result, string wanted, Func<double, bool> isGood)
    {
        var text = result.Tokens.Single().Value;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && isGood(number))
        {
            return number;
        }

        result.AddError($"{((OptionResult)result.Parent!).IdentifierToken?.Value} is {wanted}, not '{text}'");
        return default;
    }

    private static IReadOnlyList<string> NamesOf(string[]? given) =>
        [.. (given ?? []).SelectMany(static text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
}
