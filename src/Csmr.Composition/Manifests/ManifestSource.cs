namespace Csmr.Composition.Manifests;

/// <summary>
/// Where a manifest and what it names come from. The compiler itself reads no file: a host hands in how to.
/// </summary>
/// <param name="path">The path of the root file, as findings show it.</param>
/// <param name="readText">Reads a file; null where it cannot be read. Included files are named relative to the file that includes them.</param>
public sealed class ManifestSource(string path, Func<string, string?> readText)
{
    /// <summary>The path of the root file.</summary>
    public string Path { get; } = path;

    /// <summary>Reads a file's text; null where it cannot be read.</summary>
    public Func<string, string?> ReadText { get; } = readText;

    /// <summary>
    /// Adds the machines of an assembly to a catalogue, by the assembly's path. A <see cref="MachineCatalogException"/> says what is
    /// wrong. Null where the host loads no assemblies.
    /// </summary>
    public Func<MachineCatalog, string, MachineCatalog>? AddAssembly { get; init; }

    /// <summary>A manifest that is one text and includes nothing.</summary>
    /// <param name="path">The name for findings.</param>
    /// <param name="text">The text.</param>
    /// <returns>The source.</returns>
    public static ManifestSource OfText(string path, string text) =>
        new(path, asked => string.Equals(asked, path, StringComparison.Ordinal) ? text : null);
}
