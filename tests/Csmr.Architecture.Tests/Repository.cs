using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace Csmr.Architecture.Tests;

/// <summary>The repository as files: its project files, its sources and what the build made of them.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The names of the projects under one folder of the root (<c>src</c>, <c>tests</c>, ...).</summary>
    public static IEnumerable<string> Projects(string folder)
    {
        var path = Path.Combine(Root, folder);
        return Directory.Exists(path)
            ? Directory.EnumerateFiles(path, "*.csproj", SearchOption.AllDirectories).Select(file => Path.GetFileNameWithoutExtension(file)!).Order()
            : [];
    }

    /// <summary>The projects that a project file names, those that are only built before it left out.</summary>
    public static IEnumerable<string> DeclaredProjects(string folder, string project) =>
        Items(folder, project, "ProjectReference")
            .Where(item => (string?)item.Attribute("ReferenceOutputAssembly") != "false")
            .Select(item => Path.GetFileNameWithoutExtension((string)item.Attribute("Include")!));

    /// <summary>The packages and shared frameworks that a project file names.</summary>
    public static IEnumerable<string> DeclaredPackages(string folder, string project) =>
        Items(folder, project, "PackageReference").Concat(Items(folder, project, "FrameworkReference"))
            .Select(item => (string)item.Attribute("Include")!);

    /// <summary>The C# files under one folder of the root, as paths relative to the root.</summary>
    public static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file))
            .Order();

    /// <summary>The simple names of the assemblies that a built project really uses.</summary>
    public static IReadOnlyList<string> ReferencedAssemblies(string project) =>
        Read(project, metadata => metadata.AssemblyReferences
            .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)));

    /// <summary>The names of the types a built project declares, written by hand: the compiler's and generators' own left out.</summary>
    public static IReadOnlyList<string> DeclaredTypes(string project) =>
        Read(project, metadata => metadata.TypeDefinitions
            .Select(metadata.GetTypeDefinition)
            .Where(type => !metadata.GetString(type.Namespace).StartsWith("OrleansCodeGen", StringComparison.Ordinal))
            .Select(type => metadata.GetString(type.Name).Split('`')[0])
            .Where(name => !name.Contains('<') && !name.StartsWith("Codec_", StringComparison.Ordinal)));

    private static IReadOnlyList<string> Read(string project, Func<MetadataReader, IEnumerable<string>> select)
    {
        using var file = File.OpenRead(AssemblyPath(project));
        using var image = new PEReader(file);
        return [.. select(image.GetMetadataReader())];
    }

    // The tests run from artifacts/bin/<this project>/<configuration>: the others are built beside them.
    private static string AssemblyPath(string project)
    {
        var own = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var assembly = (string?)Load("src", project).Descendants("AssemblyName").FirstOrDefault() ?? project;
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, assembly + ".dll");
    }

    private static IEnumerable<XElement> Items(string folder, string project, string kind) => Load(folder, project).Descendants(kind);

    private static XDocument Load(string folder, string project) =>
        XDocument.Load(Path.Combine(Root, folder, project, project + ".csproj"));

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "CsmrOrleans.sln")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException($"No CsmrOrleans.sln above {AppContext.BaseDirectory}.");
    }
}
