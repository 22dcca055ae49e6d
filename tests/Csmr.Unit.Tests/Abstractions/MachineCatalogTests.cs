using System.Reflection;
using System.Reflection.Emit;
using Csmr.Sample.Counter;
using Csmr.Services;

namespace Csmr.Unit.Tests.Abstractions;

public sealed class MachineCatalogTests
{
    [Fact]
    public void Shipped_Machines_AreFoundByTheirNames()
    {
        Assert.Equal(["counter", "kv", "lock", "log", "prng", "queue"], ShippedMachines.Catalog.Machines.Select(static machine => machine.Definition.Name));
        Assert.Equal("kv", ShippedMachines.Catalog.Find("kv")?.Definition.Name);
        Assert.Null(ShippedMachines.Catalog.Find("KV"));
    }

    [Fact]
    public void With_AnAssembly_AddsItsMachines()
    {
        var catalog = ShippedMachines.Catalog.With(typeof(TallyMachineType).Assembly);
        Assert.IsType<TallyMachineType>(catalog.Find("tally"));
        Assert.NotNull(catalog.Find("kv"));
        Assert.Null(ShippedMachines.Catalog.Find("tally"));
    }

    [Fact]
    public void With_AShippedAssembly_FindsAllThatAreListed() =>
        Assert.Equal(
            ShippedMachines.Catalog.Machines.Select(static machine => machine.GetType()),
            MachineCatalog.Empty.With(typeof(ShippedMachines).Assembly).Machines.Select(static machine => machine.GetType()));

    [Fact]
    public void With_TheSameNameTwice_SaysWhichTwo() =>
        Assert.Contains(
            "Two machines are named 'tally': Csmr.Sample.Counter.TallyMachineType and",
            Message(() => new MachineCatalog([new TallyMachineType(), new TallyMachineType()])),
            StringComparison.Ordinal);

    [Fact]
    public void With_AnAssemblyWithoutMachines_SaysSo() =>
        Assert.Contains("has no public class that implements IStateMachineType", Message(() => MachineCatalog.Empty.With(typeof(Value).Assembly)), StringComparison.Ordinal);

    [Fact]
    public void With_AConstructorWithParameters_SaysWhatIsNeeded() =>
        Assert.Contains("needs a public constructor without parameters", Message(() => MachineCatalog.Empty.With(Assembly(typeof(NeedsArgument)))), StringComparison.Ordinal);

    [Fact]
    public void With_AConstructorThatThrows_SaysWhy() =>
        Assert.Contains("failed: no luck", Message(() => MachineCatalog.Empty.With(Assembly(typeof(Throws)))), StringComparison.Ordinal);

    [Fact]
    public void With_ADefinitionThatThrows_SaysWhy() =>
        Assert.Contains("failed: no definition", Message(() => new MachineCatalog([new DefinitionThrows()])), StringComparison.Ordinal);

    [Fact]
    public void With_ADefinitionThatBreaksRules_NamesThemAll()
    {
        var operation = new OperationDefinition
        {
            Name = "Put It",
            Summary = "",
            Access = OperationAccess.Update,
            Parameters =
            [
                new ParameterDefinition("a", ValueType.Long, "") { IsOptional = true, Minimum = 2, Maximum = 1 },
                new ParameterDefinition("a", ValueType.String, "") { Minimum = 1, BytesMin = 2, BytesMax = 1 },
            ],
            Fields = [new FieldDefinition("x", ValueType.Long, ""), new FieldDefinition("x", ValueType.Long, ""), new FieldDefinition("result", ValueType.Long, "")],
            KeyParameters = ["b"],
        };
        var settings = new[]
        {
            new SettingDefinition("s", ValueType.Json, Value.Null, ""),
            new SettingDefinition("s", ValueType.Long, Value.Of("1"), ""),
            new SettingDefinition("t", ValueType.Long, Value.Of(1), "") { Minimum = 2 },
        };
        var problems = string.Join('\n', DefinitionRules.Check(new MachineDefinition("9", "", [operation, operation with { Name = "empty", Fields = [] }], settings)));
        string[] expected =
        [
            "Machine '9': a name is", "'9.Put It': a name is", "two parameters are named 'a'", "two fields are named 'x'", "only the first field may be named 'result'",
            "'a' has a minimum above", "'a' is no integer", "fewest number of bytes above", "optional parameters come last", "key parameter 'b'",
            "'9.empty': it has no field", "the type of a setting", "the default is not of", "the default is out of", "two settings 's'",
        ];
        Assert.All(expected, part => Assert.Contains(part, problems, StringComparison.Ordinal));
        Assert.Contains("has no operation", DefinitionRules.Check(new MachineDefinition("a", "", []))[0], StringComparison.Ordinal);
    }

    private static string Message(Func<object> make) => Assert.Throws<MachineCatalogException>(make).Message;

    // An assembly whose only public class derives from the given one, with a constructor like its own.
    private static Assembly Assembly(Type parent)
    {
        var assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName($"Of{parent.Name}"), AssemblyBuilderAccess.Run);
        var type = assembly.DefineDynamicModule("main").DefineType("Machine", TypeAttributes.Public, parent);
        var constructor = parent.GetConstructors()[0];
        var types = constructor.GetParameters().Select(static parameter => parameter.ParameterType).ToArray();
        var body = type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, types).GetILGenerator();
        body.Emit(OpCodes.Ldarg_0);
        for (var i = 1; i <= types.Length; i++)
        {
            body.Emit(OpCodes.Ldarg, i);
        }

        body.Emit(OpCodes.Call, constructor);
        body.Emit(OpCodes.Ret);
        type.CreateType();
        return new LoadedAssembly(assembly);
    }

    public class NeedsArgument(string name) : IStateMachineType
    {
        public MachineDefinition Definition { get; } = new(name, "", []);

        public IStateMachine Create(MachineSettings settings) => throw new NotSupportedException();
    }

    public class Throws : IStateMachineType
    {
        public Throws() => throw new InvalidOperationException("no luck");

        public MachineDefinition Definition => throw new NotSupportedException();

        public IStateMachine Create(MachineSettings settings) => throw new NotSupportedException();
    }

    private sealed class DefinitionThrows : IStateMachineType
    {
        public MachineDefinition Definition => throw new InvalidOperationException("no definition");

        public IStateMachine Create(MachineSettings settings) => throw new NotSupportedException();
    }

    // Assemblies made in memory do not list what they export.
    private sealed class LoadedAssembly(Assembly inner) : Assembly
    {
        public override Type[] GetExportedTypes() => [.. inner.GetTypes().Where(static type => type.IsPublic)];

        public override AssemblyName GetName() => inner.GetName();
    }
}
