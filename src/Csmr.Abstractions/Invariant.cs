using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Csmr;

/// <summary>
/// A statement that holds in every reachable state. Checked in production too: a replica that meets a broken invariant
/// stops, since a wrong answer is worse than none.
/// </summary>
public static class Invariant
{
    /// <summary>Requires that <paramref name="condition"/> holds.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="id">The invariant's number in <c>docs/invariants.md</c>, such as <c>A2</c>.</param>
    /// <param name="expression">The condition's source text.</param>
    /// <exception cref="InvariantBrokenException">It does not hold.</exception>
    public static void Require(
        [DoesNotReturnIf(false)] bool condition,
        string id,
        [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        if (!condition)
        {
            throw new InvariantBrokenException(id, expression);
        }
    }
}

/// <summary>A broken invariant: a defect of this program or damage of its memory. The replica that meets it stops.</summary>
public sealed class InvariantBrokenException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="id">The invariant's number.</param>
    /// <param name="expression">What did not hold.</param>
    public InvariantBrokenException(string id, string expression)
        : base($"invariant {id} is broken: {expression}") => Id = id;

    /// <summary>The invariant's number.</summary>
    public string Id { get; }
}
