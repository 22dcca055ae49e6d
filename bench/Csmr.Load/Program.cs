using System.CommandLine;
using Csmr.Load;
using Csmr.Load.Compare;
using Csmr.Load.Compare.Serving;
using Csmr.Load.Storage;

var seconds = new Option<double>("--seconds") { Description = "How long one measurement takes.", DefaultValueFactory = static _ => 4 };
var rounds = new Option<int>("--rounds") { Description = "How often each is taken, in turn with the others; the median counts.", DefaultValueFactory = static _ => 5 };
var clients = new Option<int>("--clients") { Description = "Clients of the measurements of throughput.", DefaultValueFactory = static _ => 32 };
var output = new Option<FileInfo?>("--out") { Description = "A file for the table, in Markdown." };
var composite = new Command("composite", "What atomic calls cost beside plain and independent ones: one server process, durable data, REST on loopback.") { seconds, rounds, clients, output };
composite.SetAction(async (result, cancellation) =>
{
    var table = await CompositeCost.MeasureAsync(
        new CostOptions(TimeSpan.FromSeconds(result.GetValue(seconds)), result.GetValue(rounds), result.GetValue(clients)), Console.WriteLine, cancellation);
    await TellAsync(table, result.GetValue(output), cancellation);
    return 0;
});

var keys = new Option<int>("--keys") { Description = "How many keys there are.", DefaultValueFactory = static _ => 1_000_000 };
var mib = new Option<int>("--snapshot-mib") { Description = "MiB of journal behind which replicas take snapshots.", DefaultValueFactory = static _ => 64 };
var limit = new Option<double>("--limit-seconds") { Description = "How long replicas have to take snapshots under load.", DefaultValueFactory = static _ => 600 };
var storage = new Command("storage", "How fast replicas are back, and what snapshots cost: three replica processes, and etcd on the same data where it is installed.") { keys, clients, mib, limit, output };
storage.SetAction(async (result, cancellation) =>
{
    var table = await StorageFigures.MeasureAsync(
        new StorageOptions(result.GetValue(keys), result.GetValue(clients), result.GetValue(mib), TimeSpan.FromSeconds(result.GetValue(limit))), Console.WriteLine, cancellation);
    await TellAsync(table, result.GetValue(output), cancellation);
    return 0;
});
return await new RootCommand("Closed-loop load, measured.") { CompareCommand.Make(), VersusCommand.Make(), composite, storage, ServeCommand.Make() }.Parse(args).InvokeAsync();

static async Task TellAsync(string table, FileInfo? file, CancellationToken cancellation)
{
    Console.WriteLine(table);
    if (file is not null)
    {
        file.Directory?.Create();
        await File.WriteAllTextAsync(file.FullName, table, cancellation);
    }
}
