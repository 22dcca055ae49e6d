using System.Reflection;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.TestKit;

/// <summary>The contract suite passes a sound machine and meets every flaw.</summary>
public sealed class ContractSensitivityTests
{
    public static TheoryData<Flaw> Flaws => [.. Enum.GetValues<Flaw>().Where(static flaw => flaw != Flaw.None)];

    [Fact]
    public void Contract_SoundMachine_Passes() => Assert.Empty(FailedTests(Flaw.None));

    [Theory]
    [MemberData(nameof(Flaws))]
    public void Contract_FlawedMachine_Fails(Flaw flaw) => Assert.NotEmpty(FailedTests(flaw));

    private static string[] FailedTests(Flaw flaw) =>
    [
        .. typeof(StateMachineContract).GetMethods()
            .Where(static method => method.GetCustomAttribute<FactAttribute>() is not null)
            .Where(method => Fails(method, flaw))
            .Select(static method => method.Name),
    ];

    private static bool Fails(MethodInfo test, Flaw flaw)
    {
        try
        {
            test.Invoke(new Suite(flaw), null);
            return false;
        }
        catch (TargetInvocationException)
        {
            return true;
        }
    }

    private sealed class Suite(Flaw flaw) : StateMachineContract
    {
        protected override int Runs => 5;

        protected override IStateMachineType Machine => new FlawedMachineType(flaw);
    }
}
