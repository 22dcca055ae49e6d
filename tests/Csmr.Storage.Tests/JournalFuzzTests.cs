using Csmr.Replication.Ports;
using Csmr.Storage.Format;
using Csmr.Storage.Tests.Disks;
using Csmr.Storage.Writing;
using Csmr.TestKit.Fuzzing;
using Csmr.TestKit.Simulation;

namespace Csmr.Storage.Tests;

/// <summary>Journals of which files were changed: refused by name, or what is read was written, in its order and from the start.</summary>
public sealed class JournalFuzzTests
{
    private static readonly GroupId[] Groups = [new("events"), new("store.0")];

    private readonly ITestOutputHelper _output;
    private readonly Dictionary<string, byte[]> _files;
    private readonly List<JournalRecord>[] _written = [[], []];
    private readonly string[] _names;
    private readonly InputMutator _mutator;

    public JournalFuzzTests(ITestOutputHelper output)
    {
        _output = output;
        var disk = new SimulatedDisk();
        var journal = Journals.OpenByHand(disk);
        Array.ForEach(Groups, group => journal.Recover(group));
        for (var i = 0; i < 7; i++)
        {
            for (var group = 0; group < Groups.Length; group++)
            {
                _written[group].Add(Journals.Record((10 * i) + group, 300 + (i * 50)));
                _ = journal.AppendAsync(Groups[group], [_written[group][^1]]);
            }

            Assert.True(journal.WriteQueued());
        }

        _files = disk.ReadAll();
        _names = [.. _files.Keys.Order(StringComparer.Ordinal)];
        _mutator = new InputMutator([.. _names.Select(name => _files[name])], []);
    }

    [Fact]
    public void Files_Changed_AreRefusedOrGiveWhatWasWritten()
    {
        var target = new FuzzTarget("journal", Share: 4, MakeChanged, input => Check(input, isSealed: false), static bytes => (8 << 20) + (64L * bytes));
        _output.WriteLine(target.Run());
    }

    /// <summary>Batches with other contents and the right checksum: nobody wrote them by accident, yet nothing may run away.</summary>
    [Fact]
    public void Batches_ChangedAndSealedAgain_AreReadOrRefused()
    {
        var target = new FuzzTarget("sealed-journal", Share: 1, MakeSealed, input => Check(input, isSealed: true), static bytes => (8 << 20) + (64L * bytes));
        _output.WriteLine(target.Run());
    }

    /// <summary>Entries whose numbers fit into no replica's id are refused by name, not by an overflow.</summary>
    [Fact]
    public void Record_OfAReplicaOutOfRange_IsRefused()
    {
        var writer = new WireWriter();
        RecordCodec.WriteGroup(writer, Groups[0]);
        writer.Byte((byte)JournalRecordKind.Agreed);
        writer.VarUInt(0);
        writer.VarInt(1);
        writer.VarInt(1);
        writer.VarInt(1L << 40);
        writer.Bytes([]);
        Assert.Throws<WireFormatException>(() => RecordCodec.Read(writer.ToArray(), static (_, _) => { }));
    }

    // The first byte says which file is another one.
    private byte[] MakeChanged(SimulationRandom random)
    {
        var which = random.Below(_names.Length);
        return [(byte)which, .. random.Chance(300) ? _mutator.Next(random) : new InputMutator([_files[_names[which]]], []).Next(random)];
    }

    private byte[] MakeSealed(SimulationRandom random)
    {
        var name = SegmentFile.NameOf(1);
        byte[] segment = [.. _files[name]];
        var place = new BatchPlace(JournalIdentity.TryDecode(_files["identity"])!.Journal, 1, SegmentHeader.Bytes);
        Assert.True(BatchFrame.TryRead(segment, place, out var header));
        var body = segment.AsSpan(SegmentHeader.Bytes + BatchFrame.HeaderBytes, header.BodyBytes).ToArray();
        var changed = new InputMutator([body], []).Next(random);
        changed = changed.Length <= header.BodyBytes ? changed : changed[..header.BodyBytes];
        var frame = segment.AsSpan(SegmentHeader.Bytes, header.FrameBytes);
        frame[BatchFrame.HeaderBytes..].Clear();
        changed.CopyTo(frame[BatchFrame.HeaderBytes..]);
        BatchFrame.Seal(frame, place, header);
        return [(byte)Array.IndexOf(_names, name), .. segment];
    }

    private bool Check(byte[] input, bool isSealed)
    {
        var files = new Dictionary<string, byte[]>(_files, StringComparer.Ordinal) { [_names[input[0] % _names.Length]] = input[1..] };
        try
        {
            var journal = Journals.OpenByHand(new SimulatedDisk(files));
            for (var group = 0; group < Groups.Length; group++)
            {
                var recovered = journal.Recover(Groups[group]);
                if (!isSealed)
                {
                    Journals.RequirePrefix(recovered, _written[group], 0, "changed files");
                }
            }

            return true;
        }
        catch (Exception refused) when (refused is JournalCorruptException or DataDirectoryException)
        {
            return false;
        }
    }
}
