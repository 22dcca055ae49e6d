using Csmr.Services;

namespace Csmr.Unit.Tests.Services;

/// <summary><c>docs/services.md</c> mentions everything that the shipped machines declare.</summary>
public sealed class DocumentationTests
{
    public static TheoryData<string> Machines => [.. ShippedMachines.All.Select(static machine => machine.Definition.Name)];

    [Theory]
    [MemberData(nameof(Machines))]
    public void Services_EachMachine_IsDocumentedInFull(string machine)
    {
        var definition = ShippedMachines.Catalog.Find(machine)!.Definition;
        var section = Section(File.ReadAllText(Path.Combine(Root(), "docs", "services.md")), $"## {machine}", "\n## ");
        foreach (var setting in definition.Settings)
        {
            Assert.Contains($"| `{setting.Name}` | {setting.Type} | {setting.Default} |", section, StringComparison.Ordinal);
        }

        foreach (var operation in definition.Operations)
        {
            var part = Section(section, $"### {Signature(operation)}", "\n### ");
            Assert.All(operation.Refusals, refusal => Assert.Contains($"`{refusal.Code}`", part, StringComparison.Ordinal));
        }
    }

    private static string Signature(OperationDefinition operation) =>
        $"{operation.Name}({string.Join(", ", operation.Parameters.Select(static parameter => parameter.IsOptional ? $"{parameter.Name}?" : parameter.Name))})"
        + $" → {string.Join(", ", operation.Fields.Select(static field => field.Name))} ({(operation.Access == OperationAccess.Read ? "read" : "update")})\n";

    private static string Section(string text, string heading, string end)
    {
        var start = text.IndexOf($"\n{heading}", StringComparison.Ordinal);
        Assert.True(start >= 0, $"There is no '{heading}' in docs/services.md.");
        var stop = text.IndexOf(end, start + heading.Length, StringComparison.Ordinal);
        return stop >= 0 ? text[start..stop] : text[start..];
    }

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "CsmrOrleans.sln")))
        {
            at = at.Parent;
        }

        return at?.FullName ?? throw new InvalidOperationException($"No CsmrOrleans.sln above {AppContext.BaseDirectory}.");
    }
}
