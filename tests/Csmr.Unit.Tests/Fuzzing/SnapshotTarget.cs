using Csmr.Replication.Machine;
using Csmr.Services;
using Csmr.TestKit.Fuzzing;
using Csmr.TestKit.Multicast;
using Csmr.Unit.Tests.Replication;

namespace Csmr.Unit.Tests.Fuzzing;

/// <summary>Snapshots of replicas: a state is restored from the bytes, and written again it is the same bytes; or they are refused.</summary>
internal static class SnapshotTarget
{
    private const int Groups = 4;
    private const int SampleBytesMax = 4_000;

    private static readonly IStateMachineType[] Machines = [.. ShippedMachines.All];

    private static readonly InputMutator Mutator = new([.. OfCompositeOperations(), .. OfMachines()], []);

    // The first byte chooses the group of lists, or the shipped machine; it is the right one for a sample that was not changed.
    public static FuzzTarget Target { get; } = new("snapshot", Share: 10, Mutator.Next, Check, static bytes => (64 << 10) + (256L * bytes));

    public static bool Check(byte[] input)
    {
        if (input.Length == 0)
        {
            return false;
        }

        var machine = New(input[0] % (Groups + Machines.Length));
        try
        {
            machine.Restore(input.AsMemory(1));
        }
        catch (WireFormatException)
        {
            return false;
        }

        Assert.True(input.AsSpan(1).SequenceEqual(Written(machine)), "restored and written again it is something else");
        return true;
    }

    private static ReplicatedMachine New(int choice)
    {
        if (choice < Groups)
        {
            return MulticastWalk.NewMachine(new GroupId($"g{choice}"));
        }

        var type = Machines[choice - Groups];
        return new ReplicatedMachine(type, MachineSettings.Defaults(type.Definition));
    }

    private static List<byte[]> OfCompositeOperations()
    {
        var samples = new List<byte[]>();
        var walk = new MulticastWalk
        {
            Written = (group, bytes) =>
            {
                if (bytes.Length < SampleBytesMax)
                {
                    samples.Add([(byte)(group.Name[1] - '0'), .. bytes]);
                }
            },
        };
        for (var seed = 1UL; seed <= 15; seed++)
        {
            Assert.Null(walk.Run(seed).Violation);
        }

        return samples;
    }

    private static IEnumerable<byte[]> OfMachines()
    {
        for (var i = 0; i < Machines.Length; i++)
        {
            var history = new CommandHistory(Machines[i], i);
            var machine = New(Groups + i);
            for (var entries = 0; entries < 40; entries++)
            {
                machine.Apply(machine.AppliedUpTo.Next, history.Next(), null);
            }

            yield return [(byte)(Groups + i), .. Written(machine)];
        }
    }

    private static byte[] Written(ReplicatedMachine machine)
    {
        var writer = new WireWriter();
        machine.Capture().Write(writer);
        return writer.ToArray();
    }
}
