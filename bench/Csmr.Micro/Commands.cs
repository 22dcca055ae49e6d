using System.Text;
using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;

namespace Csmr.Micro;

/// <summary>Packed commands, as a gateway sends them.</summary>
internal static class Commands
{
    private const int KeyCount = 10_000;
    private const int InFlight = 64;
    private const long ExpiresAtMs = 60_000;

    private static readonly SessionId Session = new(1, 2);
    private static readonly byte[] Value = Encoding.UTF8.GetBytes($"\"{new string('v', 98)}\"");

    /// <summary>Entries of one batch each.</summary>
    /// <param name="operation">The operation: put, acquire or append.</param>
    /// <param name="entries">How many.</param>
    /// <param name="commands">The commands in each of them.</param>
    /// <returns>The entries, packed.</returns>
    public static byte[][] Entries(string operation, int entries, int commands) =>
        [.. Enumerable.Range(0, entries).Select(entry => Entry.Pack(1 + entry, [Batch(operation, (entry * commands) + 1, commands)]))];

    /// <summary>A batch.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="first">The first command's number in the session.</param>
    /// <param name="commands">How many.</param>
    /// <returns>The proposal.</returns>
    public static byte[] Batch(string operation, int first, int commands)
    {
        var writer = new WireWriter(1024);
        CommandBatch.Write([.. Enumerable.Range(first, commands).Select(number => Of(operation, number))], writer);
        return writer.ToArray();
    }

    private static Command Of(string operation, int number)
    {
        var key = Csmr.Value.Of($"key-{number * 7_919L % KeyCount:d7}");
        var writer = new WireWriter(256);
        Invocation.Pack(writer, operation, operation switch
        {
            "put" => [key, Csmr.Value.OfJson(Value)],
            "acquire" => [key, Csmr.Value.Of("owner"), Csmr.Value.Of(600)],
            _ => [Csmr.Value.OfJson(Value)],
        });
        return new Command(new RequestId(Session, number), ExpiresAtMs, Math.Max(1, number - InFlight), IsCallerSession: false, writer.ToArray());
    }
}
