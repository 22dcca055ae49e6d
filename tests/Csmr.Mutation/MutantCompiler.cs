using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Csmr.Mutation;

/// <summary>
/// Compiles one project of the product in memory, with or without a mutant. The sources are read and parsed once; a mutant
/// costs the parsing of what it changes and the emission.
/// </summary>
public sealed class MutantCompiler
{
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly CSharpParseOptions Syntax = new(LanguageVersion.Latest, DocumentationMode.None);

    private readonly ConcurrentDictionary<string, (string Text, SyntaxTree Tree)> _sources = new(StringComparer.Ordinal);
    private readonly Func<string, string> _adapt;
    private readonly string _name;
    private readonly string _root;
    private readonly CSharpCompilation _unchanged;

    /// <summary>Makes one.</summary>
    /// <param name="built">The project's assembly as the build made it: its name, its friends, and where it stands in the repository.</param>
    /// <param name="adapt">What the build's source generators would do to a file's text, if they have a part in the project.</param>
    public MutantCompiler(Assembly built, Func<string, string>? adapt = null)
    {
        _adapt = adapt ?? (static text => text);
        _name = built.GetName().Name!;
        _root = Root();
        var friends = built.GetCustomAttributes<InternalsVisibleToAttribute>()
            .Select(friend => $"[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"{friend.AssemblyName}\")]\n");
        foreach (var path in Directory.EnumerateFiles(Path.Combine(_root, "src", _name), "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var text = File.ReadAllText(path);
            var file = Path.GetRelativePath(_root, path);
            _sources[file] = (text, Parse(file, text));
        }

        _unchanged = CSharpCompilation.Create(
            _name,
            [Parse("Adjoined.cs", ImplicitUsings + string.Concat(friends)), .. _sources.OrderBy(source => source.Key, StringComparer.Ordinal).Select(source => source.Value.Tree)],
            References(),
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable,
                allowUnsafe: true, deterministic: true));
    }

    /// <summary>Compiles.</summary>
    /// <param name="mutant">The mutant to plant; null for the sources as they are.</param>
    /// <returns>The assembly's bytes.</returns>
    /// <exception cref="MutantException">An edit does not fit, or the result does not compile.</exception>
    public byte[] Compile(Mutant? mutant)
    {
        var compilation = _unchanged;
        foreach (var edits in (mutant?.Edits ?? []).GroupBy(edit => edit.File, StringComparer.Ordinal))
        {
            if (!_sources.TryGetValue(edits.Key, out var source))
            {
                throw new MutantException($"mutant '{mutant!.Name}': {edits.Key} is no source of {_name}");
            }

            var changed = edits.Aggregate(source.Text, (text, edit) => Apply(mutant!, edit, text));
            compilation = compilation.ReplaceSyntaxTree(source.Tree, Parse(edits.Key, changed));
        }

        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        return result.Success
            ? assembly.ToArray()
            : throw new MutantException(
                $"{(mutant is null ? _name : $"mutant '{mutant.Name}'")} does not compile, which catches nothing: "
                + string.Join('\n', result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Take(5)));
    }

    private static string Apply(Mutant mutant, MutantEdit edit, string text)
    {
        var at = text.IndexOf(edit.Original, StringComparison.Ordinal);
        if (at < 0)
        {
            throw new MutantException($"mutant '{mutant.Name}': {edit.File} has no such text any more: {edit.Original}");
        }

        return text.IndexOf(edit.Original, at + 1, StringComparison.Ordinal) < 0
            ? string.Concat(text.AsSpan(0, at), edit.Replacement, text.AsSpan(at + edit.Original.Length))
            : throw new MutantException($"mutant '{mutant.Name}': {edit.File} has this text more than once: {edit.Original}");
    }

    private SyntaxTree Parse(string file, string text) => CSharpSyntaxTree.ParseText(SourceText.From(_adapt(text)), Syntax, file);

    /// <summary>The framework and the product's other assemblies: all that the running process may load, this project left out.</summary>
    private IEnumerable<MetadataReference> References() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileNameWithoutExtension(path) is var name
                && name != _name && (name.StartsWith("System", StringComparison.Ordinal) || name.StartsWith("Csmr.", StringComparison.Ordinal)))
            .Select(path => MetadataReference.CreateFromFile(path));

    /// <summary>The root of the repository: the nearest folder above the tests that holds the solution.</summary>
    /// <returns>Its path.</returns>
    public static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "CsmrOrleans.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new MutantException("no CsmrOrleans.sln above the tests");
    }
}
