using Csmr.Services;
using Csmr.TestKit.Machines;

namespace Csmr.Unit.Tests.Services;

/// <summary>Arguments of a chained step are not checked against bounds before they come: a shipped machine takes them all.</summary>
public sealed class ShippedMachinesTests
{
    public static TheoryData<string> Machines => [.. ShippedMachines.All.Select(static machine => machine.Definition.Name)];

    [Theory]
    [MemberData(nameof(Machines))]
    public void Apply_ArgumentsOutOfAllBounds_NeverThrows(string name)
    {
        var machine = new MachineUnderTest(ShippedMachines.Catalog.Find(name)!);
        var generator = new InvocationGenerator(machine.Type.Definition, 7);
        for (var i = 0; i < 2_000; i++)
        {
            var call = generator.NextUnbounded();
            var answer = machine.Apply(call, generator.NextContext());
            generator.See(answer.Outcome);
            Assert.Empty(OutcomeRules.Check(machine.Type.Definition, call.Operation, answer.Outcome));
            Assert.NotNull(machine.FootprintOf(call));
        }
    }
}
