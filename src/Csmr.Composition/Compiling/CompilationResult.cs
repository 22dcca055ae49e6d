using Csmr.Composition.Findings;
using Csmr.Composition.Plans;

namespace Csmr.Composition.Compiling;

/// <summary>What became of a manifest.</summary>
/// <param name="Plan">The plan; null where there is an error.</param>
/// <param name="Findings">Everything found, sorted by place: the root file's first.</param>
public sealed record CompilationResult(Plan? Plan, IReadOnlyList<Finding> Findings);
