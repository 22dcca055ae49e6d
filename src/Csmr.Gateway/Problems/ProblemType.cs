namespace Csmr.Gateway.Problems;

/// <summary>A kind of error as callers see it (RFC 9457). The URI and the status never change their meaning.</summary>
/// <param name="Slug">The last part of the URI.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Title">What it is, in a few words.</param>
/// <param name="Meaning">What the caller can do.</param>
public sealed record ProblemType(string Slug, int Status, string Title, string Meaning)
{
    /// <summary>The stable URI: the <c>type</c> of the problem.</summary>
    public string Uri { get; } = $"urn:csmr:problem:{Slug}";
}
