using Csmr.Services;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Services;

/// <summary>A large state of each shipped machine is written on one thread while the machine is changed on another.</summary>
public sealed class CaptureTests
{
    private const int Keys = 20_000;

    private static readonly Dictionary<string, Action<MachineUnderTest, Random>> Changes = new(StringComparer.Ordinal)
    {
        ["kv"] = static (machine, random) => _ = random.Next(4) == 0
            ? machine.Call("delete", ("key", $"{random.Next(Keys)}"))
            : machine.Call("put", ("key", $"{random.Next(Keys)}"), ("value", $"{random.Next()}")),
        ["lock"] = static (machine, random) =>
        {
            machine.TimeMs += random.Next(3);
            var key = $"{random.Next(Keys)}";
            _ = random.Next(3) == 0
                ? machine.Call("release", ("key", key), ("owner", "a"))
                : machine.Call("acquire", ("key", key), ("owner", "a"), ("leaseSeconds", random.Next(30) + 1));
        },
        ["log"] = static (machine, random) =>
        {
            var end = machine.Call("append", ("entry", $"{random.Next()}"))["index"].AsLong();
            if (random.Next(1_000) == 0)
            {
                machine.Call("truncate", ("index", Math.Max(1, end - random.Next(Keys))));
            }
        },
        ["counter"] = static (machine, random) => machine.Call("add", ("amount", random.Next())),
        ["prng"] = static (machine, _) => machine.Call("next"),
        ["queue"] = static (machine, random) =>
        {
            machine.TimeMs += random.Next(3);
            var queue = $"{random.Next(40)}";
            if (random.Next(2) == 0)
            {
                machine.Call("enqueue", ("queue", queue), ("body", "1"), ("id", random.Next(2) == 0 ? $"{random.Next(Keys)}" : null));
                return;
            }

            var taken = machine.Call("take", ("queue", queue), ("leaseSeconds", random.Next(10) + 1));
            if (!taken["job"].IsNull && random.Next(2) == 0)
            {
                machine.Call(random.Next(2) == 0 ? "complete" : "abandon", ("queue", queue), ("job", taken["job"]), ("token", taken["token"]));
            }
        },
    };

    public static TheoryData<string> Machines => [.. ShippedMachines.All.Select(static type => type.Definition.Name)];

    [Theory]
    [MemberData(nameof(Machines))]
    public void View_OfALargeStateWrittenWhileItIsChanged_IsTheStateOfThen(string name)
    {
        var random = new Random(11);
        var machine = new MachineUnderTest(ShippedMachines.Catalog.Find(name)!);
        Change(machine, random, 2 * Keys);
        for (var round = 0; round < 3; round++)
        {
            var expected = machine.Snapshot();
            var view = machine.Capture();
            Assert.True(ConcurrentWriting.IsSame(view, expected, () => Change(machine, random, 1_000)), $"round {round}");
            var restored = machine.Fresh();
            restored.Restore(expected);
            Assert.Equal(expected, restored.Snapshot());
        }
    }

    private static void Change(MachineUnderTest machine, Random random, int times)
    {
        var change = Changes[machine.Type.Definition.Name];
        for (var i = 0; i < times; i++)
        {
            change(machine, random);
        }
    }
}
