using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;

namespace Csmr.Composition.Compiling;

/// <summary>Reads the root file of a manifest and all that it includes, and the machines of its assemblies.</summary>
internal sealed class ManifestLoader(ManifestSource source, MachineCatalog catalog, FindingList findings)
{
    private const int FilesMax = 64;

    private readonly ManifestReader _reader = new(findings);
    private readonly List<ManifestFile> _files = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly HashSet<string> _assemblies = new(StringComparer.Ordinal);

    /// <summary>The files in the order of their inclusion, the root first; empty where the root cannot be read.</summary>
    public IReadOnlyList<ManifestFile> Files => _files;

    /// <summary>The machines at hand, those of the assemblies included.</summary>
    public MachineCatalog Catalog { get; private set; } = catalog;

    /// <summary>Whether a file, or the services or compositions of one, could not be read.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Whether an assembly could not be used, so that a machine may be unknown for that reason.</summary>
    public bool LacksAssembly { get; private set; }

    public void Load() => Load(source.Path, null, []);

    private void Load(string path, Located<string>? include, IReadOnlyList<string> includers)
    {
        _seen.Add(path);
        var text = source.ReadText(path);
        if (text is null)
        {
            IsPartial = true;
            findings.Add(FindingCodes.Unreadable, include?.Position ?? new Position(path, 1, 1), $"the file '{Suggestion.Shown(path)}' cannot be read");
            return;
        }

        if (_reader.Read(path, text, isRoot: include is null) is not { } file)
        {
            IsPartial = true;
            return;
        }

        IsPartial |= file.IsPartial;
        _files.Add(file);
        foreach (var assembly in file.Assemblies)
        {
            AddAssembly(path, assembly);
        }

        foreach (var included in file.Includes)
        {
            Include(path, included, [.. includers, path]);
        }
    }

    private void Include(string path, Located<string> included, IReadOnlyList<string> includers)
    {
        var target = Resolve(path, included.Value);
        if (includers.Contains(target))
        {
            findings.Add(
                FindingCodes.IncludeCycle,
                included.Position,
                $"'{Suggestion.Shown(target)}' includes this file, or is this file",
                "leave one of the includes out");
        }
        else if (_seen.Count >= FilesMax && !_seen.Contains(target))
        {
            findings.Add(FindingCodes.IncludeCycle, included.Position, $"a manifest has at most {FilesMax} files");
        }
        else if (!_seen.Contains(target))
        {
            Load(target, included, includers);
        }
    }

    private void AddAssembly(string path, Located<string> assembly)
    {
        var target = Resolve(path, assembly.Value);
        if (!_assemblies.Add(target))
        {
            return;
        }

        try
        {
            Catalog = source.AddAssembly is null
                ? throw new MachineCatalogException("No assemblies are loaded here.")
                : source.AddAssembly(Catalog, target);
        }
        catch (MachineCatalogException error)
        {
            LacksAssembly = true;
            findings.Add(FindingCodes.BadAssembly, assembly.Position, $"assembly '{Suggestion.Shown(target)}' cannot be used: {error.Message.ReplaceLineEndings(" ").Trim()}");
        }
    }

    /// <summary>A path relative to the file that names it, without <c>.</c> and without <c>..</c> where it can be.</summary>
    internal static string Resolve(string from, string path)
    {
        if (path.StartsWith('/') || path.Contains(':', StringComparison.Ordinal))
        {
            return path;
        }

        var folder = from.LastIndexOfAny(['/', '\\']) is var end and >= 0 ? from[..(end + 1)] : "";
        var parts = new List<string>();
        foreach (var part in (folder + path).Split('/', '\\'))
        {
            if (part == ".." && parts.Count > 0 && parts[^1] is not (".." or ""))
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }
}
