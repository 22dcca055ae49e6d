using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;
using Csmr.Services;
using Csmr.Services.KeyValue;
using Csmr.TestKit.Machines;
using Csmr.TestKit.Multicast;
using Csmr.Unit.Tests.TestKit;

namespace Csmr.Unit.Tests.Replication;

/// <summary>A replica that is restored from a snapshot is as the one that was captured, for ever (S2).</summary>
public sealed class SnapshotTests
{
    private const int Entries = 250;
    private static readonly SessionLimits Limits = new() { ResultsMax = 25, RetentionMsMax = 3_000 };

    public static TheoryData<string> Machines => [.. ShippedMachines.All.Select(static type => type.Definition.Name)];

    /// <summary>
    /// Histories of commands of one group: sessions that fill up, are acknowledged and expire, commands that are sent again, reused ids.
    /// At some slots the machine is captured; each view is written much later, and the copy goes on beside the original.
    /// </summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void Copies_OfRandomHistories_AnswerAsTheOriginalForEver(string name)
    {
        var type = ShippedMachines.Catalog.Find(name)!;
        var kinds = new HashSet<CommandReplyKind>();
        for (var seed = 1; seed <= 30; seed++)
        {
            var history = new CommandHistory(type, seed);
            var original = New(type);
            var underWay = new List<(ReplicaCopy Copy, int FinishAt)>();
            var copies = new List<ReplicatedMachine>();
            for (var i = 0; i < Entries; i++)
            {
                var entry = history.Next();
                var replies = new List<byte[]>();
                original.Apply(original.AppliedUpTo.Next, entry, replies);
                kinds.UnionWith(history.Learn(replies));
                copies.ForEach(copy => ReplicaCopy.ApplySame(original, replies, copy, entry));
                underWay.ForEach(copy => copy.Copy.Add(entry));
                foreach (var due in underWay.FindAll(copy => copy.FinishAt == i))
                {
                    copies.Add(due.Copy.Finish(New(type), original));
                    underWay.Remove(due);
                }

                if (copies.Count + underWay.Count < 6 && history.Chance(50))
                {
                    underWay.Add((new ReplicaCopy(original), i + 1 + history.Below(80)));
                }
            }

            Assert.NotEmpty(copies);
        }

        Assert.Superset(
            new HashSet<CommandReplyKind>
            {
                CommandReplyKind.Executed, CommandReplyKind.Replayed, CommandReplyKind.Expired, CommandReplyKind.Superseded, CommandReplyKind.IdReused, CommandReplyKind.SessionsFull,
            },
            kinds);
    }

    /// <summary>The same with composite operations over several groups, in all their phases; a walk replaces replicas by copies and compares.</summary>
    [Fact]
    public void Copies_AmongCompositeOperations_AnswerAsTheOriginalForEver()
    {
        var walk = new MulticastWalk();
        for (var seed = 100_001UL; seed <= 100_400; seed++)
        {
            Assert.Null(walk.Run(seed).Violation);
        }
    }

    [Fact]
    public void View_WrittenTwiceAndLate_IsTheStateOfItsSlot()
    {
        var (machine, history) = Filled();
        var expected = SnapshotOf(machine);
        var view = machine.Capture();
        for (var i = 0; i < Entries; i++)
        {
            machine.Apply(machine.AppliedUpTo.Next, history.Next(), null);
        }

        Assert.Equal(expected, Written(view));
        Assert.Equal(expected, Written(view));
        Assert.NotEqual(expected, SnapshotOf(machine));
    }

    [Fact]
    public void Snapshot_OfTwoReplicas_IsTheSameBytes()
    {
        var (machine, _) = Filled();
        var (other, _) = Filled();
        _ = other.Capture();
        Assert.Equal(SnapshotOf(machine), SnapshotOf(other));
        Assert.Equal(ReplicatedMachine.SnapshotFormat, SnapshotOf(machine)[0]);
    }

    [Fact]
    public void Restore_OfAnUnknownFormat_IsRefusedByName()
    {
        var (machine, _) = Filled();
        byte[] newer = [ReplicatedMachine.SnapshotFormat + 1, .. SnapshotOf(machine).AsSpan(1)];
        Assert.Contains("format 4 of a snapshot is unknown", Assert.Throws<WireFormatException>(() => New(new KvMachineType()).Restore(newer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_OfEveryTruncationAndOneByteMore_IsRefused()
    {
        var (machine, _) = Filled();
        var whole = SnapshotOf(machine);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Throws<WireFormatException>(() => New(new KvMachineType()).Restore(whole.AsMemory(0, length)));
        }

        Assert.Throws<WireFormatException>(() => New(new KvMachineType()).Restore(new byte[][] { whole, [0] }.SelectMany(static part => part).ToArray()));
    }

    [Fact]
    public void Restore_OfAMachineThatThrows_IsRefusedAsBytes()
    {
        var type = new FlawedMachineType(Flaw.RestoreThrowsAnything);
        var whole = SnapshotOf(New(type));
        var error = Assert.Throws<WireFormatException>(() => New(type).Restore(whole.AsMemory(0, whole.Length - 1)));
        Assert.Contains("'flawed' does not take its snapshot", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_IntoAUsedMachine_LeavesNothingOfBefore()
    {
        var (machine, _) = Filled();
        var (other, history) = Filled();
        for (var i = 0; i < 50; i++)
        {
            other.Apply(other.AppliedUpTo.Next, history.Next(), null);
        }

        other.Restore(SnapshotOf(machine));
        ReplicaCopy.RequireSame(machine, other);
    }

    private static (ReplicatedMachine Machine, CommandHistory History) Filled()
    {
        var type = new KvMachineType();
        var (machine, history) = (New(type), new CommandHistory(type, 7));
        for (var i = 0; i < 100; i++)
        {
            machine.Apply(machine.AppliedUpTo.Next, history.Next(), null);
        }

        return (machine, history);
    }

    private static ReplicatedMachine New(IStateMachineType type) => new(type, MachineSettings.Defaults(type.Definition), Limits);

    private static byte[] SnapshotOf(ReplicatedMachine machine) => Written(machine.Capture());

    private static byte[] Written(MachineView view)
    {
        var writer = new WireWriter();
        view.Write(writer);
        return writer.ToArray();
    }
}
