using System.Diagnostics;
using Csmr.Replication.Ports;

namespace Csmr.Storage.Tests.Processes;

/// <summary>A process that appends to a journal on real files until it is killed (or 5,000 times a writer), and says what was acknowledged.</summary>
internal static class JournalChild
{
    public const string Verb = "journal-child";

    public const int WriterCount = 4;

    private const int AppendsMax = 5000;

    public static JournalOptions OptionsFor(string directory) =>
        new() { Directory = directory, Cluster = "demo", Node = "n0", SegmentBytes = 256 * 1024 };

    public static GroupId Group(int writer) => new($"group.{writer}");

    public static JournalRecord Record(int writer, int index) => Journals.Record((index * WriterCount) + writer, 100 + (index % 300));

    /// <summary>Appends; prints <c>open</c>, <c>ack WRITER COUNT</c> after each acknowledgement and <c>failed MESSAGE</c> or <c>ended</c>.</summary>
    public static async Task<int> RunAsync(string directory)
    {
        SegmentedJournal journal;
        try
        {
            journal = SegmentedJournal.Open(OptionsFor(directory));
        }
        catch (Exception exception)
        {
            Say($"refused {exception.Message}");
            return 3;
        }

        Say("open");
        await Task.WhenAll(Enumerable.Range(0, WriterCount).Select(writer => Task.Run(() => WriteAsync(journal, writer))));
        Say(journal.Failure.IsCompleted ? $"failed {(await journal.Failure).Message}" : "ended");
        return 4;
    }

    /// <summary>Starts one.</summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="environment">Variables to set.</param>
    public static Process Start(string directory, params (string Name, string Value)[] environment) => Start(Verb, directory, environment);

    /// <summary>Starts this program as another child.</summary>
    /// <param name="verb">Which.</param>
    /// <param name="directory">The data directory.</param>
    /// <param name="environment">Variables to set.</param>
    public static Process Start(string verb, string directory, (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(JournalChild).Assembly.Location);
        }

        start.ArgumentList.Add(verb);
        start.ArgumentList.Add(directory);
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static async Task WriteAsync(SegmentedJournal journal, int writer)
    {
        var index = journal.Recover(Group(writer)).Count;
        try
        {
            for (var count = 0; count < AppendsMax; count++)
            {
                await journal.AppendAsync(Group(writer), [Record(writer, index)]);
                index++;
                Say($"ack {writer} {index}");
            }
        }
        catch (JournalFailedException)
        {
            // Told by RunAsync.
        }
    }

    private static void Say(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
