namespace Csmr.Chaos.Processes;

/// <summary>What the harness waited for did not happen, or a check failed: the message says what, and what was seen instead.</summary>
public sealed class HarnessException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Fails unless something holds.</summary>
    public static void Require(bool holds, Func<string> otherwise)
    {
        ArgumentNullException.ThrowIfNull(otherwise);
        if (!holds)
        {
            throw new HarnessException(otherwise());
        }
    }
}
