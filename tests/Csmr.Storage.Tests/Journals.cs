using System.Buffers.Binary;
using Csmr.Replication.Paxos;
using Csmr.Replication.Ports;
using Csmr.Storage.Tests.Disks;

namespace Csmr.Storage.Tests;

/// <summary>Journals and records as the tests want them.</summary>
internal static class Journals
{
    public const int SmallSegmentBytes = JournalOptions.SegmentBytesMin;

    public static readonly JournalOptions Small = new() { Directory = "/data", Cluster = "demo", Node = "n0", SegmentBytes = SmallSegmentBytes };

    /// <summary>A journal without threads.</summary>
    public static SegmentedJournal OpenByHand(SimulatedDisk disk, JournalOptions? options = null) =>
        SegmentedJournal.Open(options ?? Small, disk, isThreaded: false);

    /// <summary>A record whose fields all follow from its number.</summary>
    public static JournalRecord Record(long number, int payloadBytes = 20)
    {
        var payload = new byte[Math.Max(payloadBytes, sizeof(long))];
        new Random((int)number).NextBytes(payload);
        BinaryPrimitives.WriteInt64LittleEndian(payload, number);
        var kind = (JournalRecordKind)(1 + (number % 6));
        return new JournalRecord(kind, new Ballot(number / 3, new ReplicaId((int)(number % 7))), new Slot(number * number), payload);
    }

    public static bool AreEqual(in JournalRecord left, in JournalRecord right) =>
        left.Kind == right.Kind && left.Ballot == right.Ballot && left.Slot == right.Slot && left.Payload.Span.SequenceEqual(right.Payload.Span);

    /// <summary>Requires that records are the first ones of a list.</summary>
    public static void RequirePrefix(IReadOnlyList<JournalRecord> actual, IReadOnlyList<JournalRecord> written, int countMin, string where)
    {
        Assert.True(actual.Count >= countMin, $"{where}: {countMin} records were acknowledged and {actual.Count} recovered");
        Assert.True(actual.Count <= written.Count, $"{where}: {written.Count} records were written and {actual.Count} recovered");
        for (var i = 0; i < actual.Count; i++)
        {
            Assert.True(AreEqual(actual[i], written[i]), $"{where}: record {i} is {actual[i]}, not {written[i]}");
        }
    }

    /// <summary>Requires that records are exactly those of a list.</summary>
    public static void RequireEqual(IReadOnlyList<JournalRecord> actual, IReadOnlyList<JournalRecord> written, string where = "journal") =>
        RequirePrefix(actual, written, written.Count, where);
}
