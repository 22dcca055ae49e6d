using Csmr.Chaos.Loads;

namespace Csmr.Deploy.Tests.Pods;

/// <summary>Draws calls of the chart's own composition: few keys and locks, so that clients meet.</summary>
/// <param name="client">Who calls.</param>
/// <param name="random">The chance.</param>
internal sealed class PodWorkload(string client, Random random) : IWorkload
{
    private const int Keys = 8;
    private const int Locks = 2;

    private int _count;

    /// <summary>A read of each key: at the end of a history it shows what became of the writes.</summary>
    public static IEnumerable<CallRequest> ReadAll() => Enumerable.Range(0, Keys).Select(static key => CallRequest.Read("get", ("key", $"k{key}")));

    public CallRequest Next()
    {
        var key = $"k{random.Next(Keys)}";
        var value = $"{client}.{++_count}";
        return random.Next(10) switch
        {
            < 3 => CallRequest.Read("get", ("key", key)),
            < 7 => CallRequest.Write("put", ("key", key), ("value", value)),
            7 => CallRequest.Write("delete", ("key", key)),
            8 => CallRequest.Write("acquire", ("key", $"lock{random.Next(Locks)}"), ("owner", client)),
            _ => CallRequest.Write("release", ("key", $"lock{random.Next(Locks)}"), ("owner", client)),
        };
    }

    public void Learn(CallRequest request, TryResult result)
    {
        // Nothing builds upon an answer.
    }
}
