using System.Runtime.InteropServices;
using System.Text;
using Csmr.Storage.Format;
using Csmr.Storage.Tests.Disks;

namespace Csmr.Storage.Tests;

/// <summary>Whose directory it is, and who has it.</summary>
public sealed class DataDirectoryTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("csmr-storage-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Open_WhileAnotherHasIt_IsRefusedUntilItIsReleased()
    {
        await using (Open())
        {
            RequireProblem(DataDirectoryProblem.InUse, Options());
        }

        await Open().DisposeAsync();
    }

    [Fact]
    public async Task Open_OfAnotherClusterOrNode_IsRefusedAndTheLockReleased()
    {
        await Open().DisposeAsync();
        RequireProblem(DataDirectoryProblem.OtherCluster, Options() with { Cluster = "other" });
        RequireProblem(DataDirectoryProblem.OtherNode, Options() with { Node = "n1" });
        await Open().DisposeAsync();
    }

    [Fact]
    public void Open_OfAFileOrBelowAFile_IsRefused()
    {
        var file = Path.Combine(_root, "file");
        File.WriteAllText(file, "");
        RequireProblem(DataDirectoryProblem.NotADirectory, Options() with { Directory = file });
        RequireProblem(DataDirectoryProblem.NotADirectory, Options() with { Directory = Path.Combine(file, "below") });
    }

    [Fact]
    public void Open_WithoutTheRightToWrite_IsRefused()
    {
        Assert.SkipWhen(EffectiveUserId() == 0, "permissions do not bind the root user");
        var locked = Path.Combine(_root, "locked");
        Directory.CreateDirectory(locked);
        File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        RequireProblem(DataDirectoryProblem.NotWritable, Options() with { Directory = locked });
        File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
    }

    [Fact]
    public void Open_InAFileSystemWhereNothingCanBeCreated_IsRefused() =>
        RequireProblem(DataDirectoryProblem.NotWritable, Options() with { Directory = "/proc/csmr" });

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("csmr-data x\n")]
    [InlineData("csmr-data 1\ncluster demo\nnode n0\njournal 00\ncrc32c 00000000\n")]
    public async Task Open_WithAGarbageIdentity_IsRefusedAndItIsKept(string text)
    {
        await Open().DisposeAsync();
        var identity = Path.Combine(_root, "data", "identity");
        File.WriteAllText(identity, text);
        RequireProblem(DataDirectoryProblem.IdentityDamaged, Options());
        Assert.Equal(text, File.ReadAllText(identity));
    }

    [Fact]
    public async Task Open_OfANewerFormat_IsRefused()
    {
        await Open().DisposeAsync();
        File.WriteAllText(Path.Combine(_root, "data", "identity"), "csmr-data 2\nsomething new\n");
        RequireProblem(DataDirectoryProblem.FormatTooNew, Options());
    }

    [Fact]
    public async Task Open_WithoutIdentity_IsRefusedWhenThereAreRecords()
    {
        await using (var journal = Open())
        {
            journal.Recover(new GroupId("events"));
            await journal.AppendAsync(new GroupId("events"), [Journals.Record(1)]);
        }

        File.Delete(Path.Combine(_root, "data", "identity"));
        RequireProblem(DataDirectoryProblem.IdentityMissing, Options());
    }

    [Fact]
    public void Identity_OfAnyNames_IsReadBack()
    {
        var identity = new JournalIdentity("Zürich demo", "node-0", UInt128.MaxValue - 5);
        Assert.Equal(identity, JournalIdentity.TryDecode(identity.Encode()));
        Assert.Null(JournalIdentity.TryDecode([.. identity.Encode(), .. "\n"u8]));
        Assert.Equal(1, JournalIdentity.VersionOf(identity.Encode()));
    }

    [Theory]
    [InlineData("123456789", 0xE3069283)]
    [InlineData("", 0)]
    public void Crc32C_OfKnownTexts_IsTheKnownValue(string text, uint crc) => Assert.Equal(crc, Crc32C.Of(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Options_OutOfBounds_AreRefused()
    {
        foreach (var options in (JournalOptions[])
            [Options() with { Cluster = "" }, Options() with { Node = "a\nb" }, Options() with { SegmentBytes = 10_000 }, Options() with { SegmentBytes = 4096 }, Options() with { BatchBytesMax = 0 }])
        {
            Assert.Throws<ArgumentException>(() => SegmentedJournal.Open(options));
        }
    }

    private JournalOptions Options() => new() { Directory = Path.Combine(_root, "data"), Cluster = "demo", Node = "n0", SegmentBytes = 1024 * 1024 };

    private SegmentedJournal Open() => SegmentedJournal.Open(Options());

    private static void RequireProblem(DataDirectoryProblem problem, JournalOptions options)
    {
        var exception = Assert.Throws<DataDirectoryException>(() => SegmentedJournal.Open(options));
        Assert.Equal(problem, exception.Problem);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Contains(options.Directory, exception.Message, StringComparison.Ordinal);
    }

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint EffectiveUserId();
}
