using Csmr.Composition.Plans;

namespace Csmr.Gateway.Hosting;

/// <summary>The plan that the routes and the document show.</summary>
/// <param name="Plan">The plan.</param>
internal sealed record ServedPlan(Plan Plan);
