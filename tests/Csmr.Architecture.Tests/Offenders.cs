namespace Csmr.Architecture.Tests;

/// <summary>An assertion that names everything that breaks a rule, one a line and unabridged.</summary>
internal static class Offenders
{
    public static void None(IEnumerable<string> offenders)
    {
        var all = offenders.ToArray();
        if (all.Length > 0)
        {
            Assert.Fail($"{all.Length} break the rule:{Environment.NewLine}  {string.Join(Environment.NewLine + "  ", all)}");
        }
    }
}
