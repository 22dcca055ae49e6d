using Csmr.Unit.Tests.Composition;

namespace Csmr.Unit.Tests.Cli;

/// <summary>Approved texts in <c>Snapshots</c>. A text that differs is written beside it as <c>.received.txt</c>, to look at and to approve.</summary>
internal static class Snapshot
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Csmr.Unit.Tests", "Cli", "Snapshots");

    public static void Check(string name, string actual)
    {
        var approved = Path.Combine(Folder, $"{name}.txt");
        var expected = File.Exists(approved) ? File.ReadAllText(approved) : null;
        if (expected != actual)
        {
            File.WriteAllText(Path.Combine(Folder, $"{name}.received.txt"), actual);
        }

        Assert.Equal(expected, actual);
    }
}
