namespace Csmr.Architecture.Tests;

/// <summary>Which room may know which: the table, held against the project files and against the built assemblies.</summary>
public sealed class ReferenceTableTests
{
    private static readonly Dictionary<string, string[]> Table = new(StringComparer.Ordinal)
    {
        ["Csmr.Abstractions"] = [],
        ["Csmr.Replication"] = ["Csmr.Abstractions"],
        ["Csmr.Composition"] = ["Csmr.Abstractions"],
        ["Csmr.Services"] = ["Csmr.Abstractions"],
        ["Csmr.Storage"] = ["Csmr.Abstractions", "Csmr.Replication"],
        ["Csmr.Client"] = ["Csmr.Abstractions"],
        ["Csmr.Grains"] = ["Csmr.Abstractions", "Csmr.Client", "Csmr.Composition", "Csmr.Replication"],
        ["Csmr.Gateway"] = ["Csmr.Abstractions", "Csmr.Client", "Csmr.Composition", "Csmr.Grains", "Csmr.Replication"],
        ["Csmr.Server"] =
        [
            "Csmr.Abstractions", "Csmr.Client", "Csmr.Composition", "Csmr.Gateway", "Csmr.Grains", "Csmr.Replication", "Csmr.Services",
            "Csmr.Storage",
        ],
        ["Csmr.Cli"] = ["Csmr.Abstractions", "Csmr.Client", "Csmr.Composition", "Csmr.Services"],
    };

    // A pure room uses the base class library, the rooms of the table and these packages: no Orleans, no ASP.NET, no logging.
    private static readonly Dictionary<string, string[]> PackagesOfPureRooms = new(StringComparer.Ordinal)
    {
        ["Csmr.Abstractions"] = [],
        ["Csmr.Replication"] = [],
        ["Csmr.Composition"] = ["YamlDotNet"],
        ["Csmr.Services"] = [],
    };

    private static readonly string[] ImpureAssemblies =
        ["System.Console", "System.Diagnostics.Process", "System.IO.Pipes", "System.IO.FileSystem.Watcher", "System.Net"];

    public static TheoryData<string> Rooms => [.. Table.Keys];

    public static TheoryData<string> PureRooms => [.. PackagesOfPureRooms.Keys];

    [Fact]
    public void Table_EveryProjectOfSrc_HasARow() =>
        Assert.Equal(Table.Keys.Order(), Repository.Projects("src"));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void ProjectFile_OfARoom_NamesOnlyRoomsOfItsRow(string room) =>
        Offenders.None(Repository.DeclaredProjects("src", room).Except(Table[room]));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Assembly_OfARoom_UsesOnlyRoomsOfItsRow(string room) =>
        Offenders.None(Repository.ReferencedAssemblies(room)
            .Where(name => name == "csmr" || name.StartsWith("Csmr.", StringComparison.Ordinal))
            .Except(Table[room]));

    [Theory]
    [MemberData(nameof(PureRooms))]
    public void ProjectFile_OfAPureRoom_NamesOnlyItsPackages(string room) =>
        Offenders.None(Repository.DeclaredPackages("src", room).Except(PackagesOfPureRooms[room]));

    [Theory]
    [MemberData(nameof(PureRooms))]
    public void Assembly_OfAPureRoom_UsesOnlyTheBaseLibrary(string room) =>
        Offenders.None(Repository.ReferencedAssemblies(room)
            .Except(Table[room])
            .Except(PackagesOfPureRooms[room])
            .Where(name => !IsPure(name)));

    [Theory]
    [InlineData("src")]
    [InlineData("samples")]
    public void TestRooms_OutsideTests_AreNotReferenced(string folder) =>
        Offenders.None(Repository.Projects(folder).Where(project =>
            Repository.DeclaredProjects(folder, project).Intersect(Repository.Projects("tests")).Any()));

    [Fact]
    public void Samples_EveryOne_ReferencesOnlyAbstractions() =>
        Assert.All(
            Repository.Projects("samples"),
            sample => Assert.Equal(["Csmr.Abstractions"], Repository.DeclaredProjects("samples", sample)));

    [Fact]
    public void Solution_EveryProject_IsListed()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "CsmrOrleans.sln"));
        string[] folders = ["src", "tests", "samples", "bench"];
        Offenders.None(folders
            .SelectMany(Repository.Projects)
            .Where(project => !solution.Contains($"\\{project}.csproj\"", StringComparison.Ordinal)));
    }

    private static bool IsPure(string assembly) =>
        assembly.StartsWith("System.", StringComparison.Ordinal)
        && !Array.Exists(ImpureAssemblies, impure => assembly == impure || assembly.StartsWith(impure + ".", StringComparison.Ordinal));
}
