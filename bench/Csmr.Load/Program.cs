using System.CommandLine;
using Csmr.Load;

var seconds = new Option<double>("--seconds") { Description = "How long one measurement takes.", DefaultValueFactory = static _ => 4 };
var rounds = new Option<int>("--rounds") { Description = "How often each is taken, in turn with the others; the median counts.", DefaultValueFactory = static _ => 5 };
var clients = new Option<int>("--clients") { Description = "Clients of the measurements of throughput.", DefaultValueFactory = static _ => 32 };
var output = new Option<FileInfo?>("--out") { Description = "A file for the table, in Markdown." };
var composite = new Command("composite", "What atomic calls cost beside plain and independent ones: one server process, durable data, REST on loopback.") { seconds, rounds, clients, output };
composite.SetAction(async (result, cancellation) =>
{
    var table = await CompositeCost.MeasureAsync(
        new CostOptions(TimeSpan.FromSeconds(result.GetValue(seconds)), result.GetValue(rounds), result.GetValue(clients)), Console.WriteLine, cancellation);
    Console.WriteLine(table);
    if (result.GetValue(output) is { } file)
    {
        file.Directory?.Create();
        await File.WriteAllTextAsync(file.FullName, table, cancellation);
    }

    return 0;
});
return await new RootCommand("Closed-loop load, measured.") { composite }.Parse(args).InvokeAsync();
