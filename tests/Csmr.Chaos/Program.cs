using Csmr.Chaos.Runs;

var report = await ChaosRun.RunAsync(new RunOptions
{
    Duration = TimeSpan.FromSeconds(int.Parse(args[0])),
    Seed = int.Parse(args[1]),
    Faults = args[2].Split(','),
    IsKept = true,
    Log = line => Console.WriteLine($"{DateTime.UtcNow:HH:mm:ss.f} {line}"),
});
Console.WriteLine(report);
return report.IsGood ? 0 : 1;
