using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Csmr.Chaos.Faults;
using Csmr.Chaos.Figures;
using Csmr.Chaos.Processes;
using Csmr.Chaos.Runs;

namespace Csmr.Chaos.Commands;

/// <summary>The command: <c>run</c>, <c>faults</c>, <c>figures</c>, <c>rolling</c>.</summary>
internal static class ChaosCommands
{
    private const int Usage = 2;

    /// <summary>Runs one command. Exit code 0: all is good, 1: a promise was broken, 2: the command was not understood or cannot run here.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand("Runs real replica and gateway processes under load and faults, and judges what they did.") { Run(), Faults(), Figures(), Rolling() };
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
        var figures = new Option<FileInfo?>("--figures") { Description = "A file for the numbers of the run, in Markdown." };
        faults.Validators.Add(result =>
        {
            foreach (var name in NamesOf(result.GetValue(faults)).Where(static name => !FaultCatalog.Names.Contains(name)))
            {
                result.AddError($"there is no fault '{name}'; there are {string.Join(", ", FaultCatalog.Names)}");
            }
        });
        var command = new Command("run", "Runs faults drawn by a seed for a time. Exit code 1 where a promise was broken.") { minutes, replicas, faults, seed, keep, figures };
        command.SetAction((result, cancellation) => RunAsync(
            new RunOptions
            {
                Duration = TimeSpan.FromMinutes(result.GetValue(minutes)),
                Replicas = result.GetValue(replicas),
                Faults = NamesOf(result.GetValue(faults)) is { Count: > 0 } names ? names : FaultCatalog.Names,
                Seed = result.GetValue(seed) ?? Random.Shared.Next(1, 1_000_000),
                IsKept = result.GetValue(keep),
                Log = Print,
            },
            result.GetValue(figures),
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

    private static Command Figures()
    {
        var samples = new Option<int>("--samples")
        {
            Description = "How many groups are to lose their leader by a kill, and how many by a pause.",
            DefaultValueFactory = static _ => 100,
            CustomParser = static result => (int)ReadNumber(result, "a number from 1 to 10000", static number => number is >= 1 and <= 10_000),
        };
        var file = new Option<FileInfo>("--out") { Description = "The file for the table, in Markdown.", Required = true };
        var command = new Command("figures", "Measures how long nobody is answered when a leader is killed or paused, and how long restarts take.") { samples, file };
        command.SetAction(async (result, cancellation) =>
        {
            RequirePostgres();
            var table = await AvailabilityFigures.MeasureAsync(result.GetValue(samples), Print, cancellation);
            await WriteAsync(result.GetRequiredValue(file), table);
            return 0;
        });
        return command;
    }

    private static Command Rolling()
    {
        var rounds = new Option<int>("--rounds")
        {
            Description = "How often all processes are restarted in turn.",
            DefaultValueFactory = static _ => 3,
            CustomParser = static result => (int)ReadNumber(result, "a number from 1 to 1000", static number => number is >= 1 and <= 1_000),
        };
        var file = new Option<FileInfo>("--out") { Description = "The file for the table, in Markdown.", Required = true };
        var command = new Command("rolling", "Measures how long calls take while every process is restarted in turn.") { rounds, file };
        command.SetAction(async (result, cancellation) =>
        {
            RequirePostgres();
            await WriteAsync(result.GetRequiredValue(file), await RollingFigures.MeasureAsync(result.GetValue(rounds), Print, cancellation));
            return 0;
        });
        return command;
    }

    private static void RequirePostgres() => HarnessException.Require(PostgresServer.WhyNot is null, () => PostgresServer.WhyNot!);

    private static void Print(string line) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.f} {line}"));

    private static async Task WriteAsync(FileInfo file, string text)
    {
        file.Directory?.Create();
        await File.WriteAllTextAsync(file.FullName, text);
        Console.WriteLine(text);
    }

    private static async Task<int> RunAsync(RunOptions options, FileInfo? figures, CancellationToken cancellation)
    {
        RequirePostgres();
        options.Log($"seed {options.Seed}");
        var report = await ChaosRun.RunAsync(options, cancellation);
        Console.WriteLine();
        Console.WriteLine(report);
        if (figures is not null)
        {
            await WriteAsync(figures, RunFigures.Of(report));
        }

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
