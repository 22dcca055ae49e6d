using Csmr.Composition.Compiling;
using Csmr.Composition.Manifests;
using Csmr.Composition.Plans;

namespace Csmr.Unit.Tests.Composition;

/// <summary>What good manifests become.</summary>
public sealed class ManifestCompilerTests
{
    private const string Head = """
        apiVersion: csmr/v1
        kind: Composition
        metadata: {name: test, version: 3}
        defaults: {consistency: independent}

        """;

    [Fact]
    public void Compile_Minimal_HasDefaults()
    {
        var plan = Plan("services: {store: {machine: kv, settings: {valueBytesMax: 9}}}\nexpose: [store]");

        var group = Assert.Single(plan.Groups);
        Assert.Equal(("test", 3L), (plan.Name, plan.Version));
        Assert.Equal(["n1", "n2", "n3"], plan.Nodes);
        Assert.Equal(("store", 1, Durability.Fsync), (group.Id.Name, group.F, group.Durability));
        Assert.Equal(9, group.Settings["valueBytesMax"].AsLong());
        Assert.Equal(["n1", "n2", "n3"], group.Replicas.Select(static replica => replica.Node));
        Assert.Equal(["add", "cas", "delete", "get", "put", "range"], plan.Operations.Select(static operation => operation.Name));
    }

    [Fact]
    public void Compile_Witnesses_AreTheLastReplicas()
    {
        var plan = Plan("nodes: [a, b, c, d, e]\nservices: {store: {machine: kv, f: 2, witnesses: 2}}\nexpose: [store]");

        Assert.Equal([false, false, false, true, true], plan.Groups[0].Replicas.Select(static replica => replica.IsWitness));
    }

    [Fact]
    public void Compile_SeveralGroups_FirstReplicasAreSpread()
    {
        var plan = Plan("nodes: [a, b, c, d]\nservices: {store: {machine: kv, partitions: {hash: {groups: 4}}}}\nexpose: [store]");

        Assert.Equal(["store.0", "store.1", "store.2", "store.3"], plan.Groups.Select(static group => group.Id.Name));
        Assert.Equal(["a", "b", "c", "d"], plan.Groups.Select(static group => group.Replicas[0].Node));
        Assert.Equal(["c", "d", "a"], plan.Groups[2].Replicas.Select(static replica => replica.Node));
    }

    [Theory]
    [InlineData("a", "early")]
    [InlineData("mz", "early")]
    [InlineData("n", "late")]
    [InlineData("", "early")]
    public void Compile_Partition_LeadsByKey(string key, string group)
    {
        var plan = Sample("audited-store");
        var get = plan.Operations.Single(static operation => operation.Name == "get");

        Assert.Equal(group, get.Steps[0].Router.Route([Value.Of(key)]).Name);
        Assert.Equal([group], Destinations.Of(get, [Value.Of(key)]).Select(static target => target!.Value.Name));
    }

    [Fact]
    public void Compile_ExtensionWithoutInAndReturn_TakesAndAnswersAsTheOperationReplaced()
    {
        var put = Sample("audited-store").Operations.Single(static operation => operation.Name == "put");

        Assert.Equal(["key", "value"], put.Parameters.Select(static parameter => parameter.Name));
        Assert.Equal(["ok", "version"], put.Fields.Select(static field => field.Name));
        Assert.Equal(["put", "entry"], put.Steps.Select(static step => step.Id));
        Assert.Equal("""{"ok":true,"version":42}""", put.Example);
        var run = new PlanRun(put, [Value.Of("apple"), Value.OfJson("1"u8.ToArray())]);
        Assert.True(run.TryNext(out _));
        run.Answer(Outcome.Done(Value.Of(true), Value.Of(7)));
        Assert.True(run.TryNext(out var entry));
        Assert.Equal(("audit", """{"put":"apple","version":7}"""), (entry.Group.Name, entry.Invocation[0].ToString()));
        run.Answer(Outcome.Done(Value.Of(1)));
        Assert.False(run.TryNext(out _));
        Assert.Equal([Value.Of(true), Value.Of(7)], run.Result().Fields.ToArray());
        Assert.Equal(["put", "append"], run.Executions.Select(static execution => execution.Invocation.Operation.Name));
    }

    [Fact]
    public void Compile_Chain_ArgumentsHaveTheBoundsOfWhatTheyArePassedTo()
    {
        var place = Sample("orders").Operations.Single(static operation => operation.Name == "place");

        Assert.Equal((1, 1024), (place.Parameters[0].BytesMin, place.Parameters[0].BytesMax));
        Assert.Equal(1, place.Parameters[2].Minimum);
        Assert.Equal("""{"result":{"ok":true,"version":42,"event":17}}""", place.Example);
        var result = Assert.Single(place.Fields);
        Assert.Equal(["ok", "version", "event"], result.Type.Fields.Select(static field => field.Name));
        Assert.All(result.Type.Fields, static field => Assert.True(field.IsNullable));
    }

    [Fact]
    public void Compile_Nesting_StepsAreFlatAndResultsOfRecordsCanBeReached()
    {
        var plan = Plan("""
            services: {store: {machine: kv}, locks: {machine: lock}, events: {machine: log}}
            compose:
              fenced:
                extend: store
                operations:
                  put:
                    in: {key: string, value: json, token: long}
                    steps:
                      - {id: held, call: locks.check}
                      - {id: put, call: store.put, when: $held.ok}
                    return: {held: $held.ok, version: $put.version}
              api:
                extend: fenced
                operations:
                  put:
                    in: {name: string, value: json, token: long, note: {type: bool, optional: true}}
                    steps:
                      - {id: inner, call: fenced.put, with: {key: $in.name, value: $in.value, token: $in.token}}
                      - {id: event, call: events.append, with: {entry: $inner.version}, when: {all: [$inner.held, {not: {equals: [$inner.result.version, null]}}, {any: [$in.note, {equals: [$in.name, x]}]}]}}
                    return: $event.index
            expose: [api]
            """);
        var put = plan.Operations.Single(static operation => operation.Name == "put");

        Assert.Equal(["inner.held", "inner.put", "event"], put.Steps.Select(static step => step.Id));
        Assert.Equal(["name", "value", "token", "note"], put.Parameters.Select(static parameter => parameter.Name));
        Assert.Equal([StepState.Done, StepState.Done, StepState.Skipped], Run(put, held: true, note: Value.Of(false)).Trace.Select(static step => step.State));
        Assert.Equal([StepState.Done, StepState.Skipped, StepState.Skipped], Run(put, held: false, note: Value.Of(true)).Trace.Select(static step => step.State));
        var run = Run(put, held: true, note: Value.Of(true));
        Assert.Equal([StepState.Done, StepState.Done, StepState.Done], run.Trace.Select(static step => step.State));
        Assert.Equal("5", run.Executions.Last().Invocation[0].ToString());
        Assert.Equal(ValueKind.Json, run.Executions.Last().Invocation[0].Kind);
    }

    [Fact]
    public void Compile_PartitionOfCompositions_EachCallRunsTheStepsOfOne()
    {
        var put = Sample("regions").Operations.Single(static operation => operation.Name == "put");
        var run = new PlanRun(put, [Value.Of("us/apple"), Value.OfJson("1"u8.ToArray())]);

        Assert.True(run.TryNext(out var first));
        Assert.Equal(("audited-world.put", "world"), (first.Step.Id, first.Group.Name));
        run.Answer(Outcome.Done(Value.Of(true), Value.Of(3)));
        Assert.True(run.TryNext(out var second));
        Assert.Equal("audit-world", second.Group.Name);
        run.Answer(Outcome.Done(Value.Of(1)));
        Assert.False(run.TryNext(out _));
        Assert.Equal([Value.Of(true), Value.Of(3)], run.Result().Fields.ToArray());
        Assert.All(put.Fields, static field => Assert.False(field.IsNullable));
    }

    [Fact]
    public void Compile_RemovedOperation_KeepsItsReasonUntilAnotherTakesItsName()
    {
        const string Services = """
            services: {store: {machine: kv}, other: {machine: kv}}
            compose:
              kept: {remove: {from: store, operations: {delete: kept for ever}}}

            """;
        var removed = Plan(Services + "  api: {add: [{from: kept}, {from: other, only: [get], rename: {get: look}}]}\nexpose: [api]");
        var replaced = Plan(Services + "  api: {add: [{from: kept}, {from: other, only: [delete]}]}\nexpose: [api]");

        Assert.Equal("kept for ever", removed.Operations.Single(static operation => operation.Name == "delete").RemovedReason);
        Assert.Contains("look", removed.Operations.Select(static operation => operation.Name));
        var delete = replaced.Operations.Single(static operation => operation.Name == "delete");
        Assert.Equal((null, "other"), (delete.RemovedReason, delete.Steps[0].Router.Groups[0].Name));
    }

    [Theory]
    [InlineData("", Consistency.Atomic)]
    [InlineData("defaults: {consistency: independent}", Consistency.Independent)]
    public void Compile_SeveralSteps_AreAtomicWhereNothingElseIsSaid(string defaults, Consistency consistency)
    {
        var result = Repository.CompileText($$$$$"""
            apiVersion: csmr/v1
            kind: Composition
            metadata: {name: test}
            {{{{{defaults}}}}}
            services: {store: {machine: kv, partitions: {hash: {groups: 2}}}}
            compose:
              api:
                extend: store
                operations:
                  replace:
                    in: {key: string, value: json}
                    steps: [{call: store.delete}, {call: store.put}]
                    return: $put
                  move:
                    in: {from: string, to: string, value: json}
                    steps:
                      - {id: gone, call: store.delete, with: {key: $in.from}}
                      - {id: put, call: store.put, with: {key: $in.to, value: $in.value}}
                    return: $put
            expose: [api]
            """);

        Assert.Empty(result.Findings.Select(static finding => finding.ToString()));
        var composite = result.Plan!.Operations.Where(static operation => operation.Steps.Count > 1).ToArray();
        Assert.All(composite, operation => Assert.Equal(consistency, operation.Consistency));
        Assert.Equal([false, true], composite.Select(static operation => Destinations.AreOneGroup(operation.Steps)));
    }

    [Fact]
    public void Compile_KeyThatIsNotWhatTheOperationTouches_BreaksAffinity()
    {
        var result = ManifestCompiler.Compile(
            ManifestSource.OfText("test.yaml", Head + "services: {names: {machine: naming, partitions: {by: {bind: owner, list: owner}, hash: {groups: 2}}}}\nexpose: [names]"),
            MachineCatalog.Empty.With(new NamingMachine()));

        Assert.Equal(
            [
                "test.yaml:5:61 error CSMR1205: operation 'bind' touches the state named by 'name', but would be spread by 'owner'; spread it by 'name'",
                "test.yaml:5:68 error CSMR1205: operation 'list' may touch the state of every key, not only those of one partition; leave it out of 'by'",
            ],
            result.Findings.Select(static finding => finding.ToString()));
    }

    [Theory]
    [InlineData("a.yaml", "b.yaml", "b.yaml")]
    [InlineData("x/a.yaml", "b.yaml", "x/b.yaml")]
    [InlineData("x/a.yaml", "../b.yaml", "b.yaml")]
    [InlineData("a.yaml", "../b.yaml", "../b.yaml")]
    [InlineData("/x/a.yaml", "./y/../b.yaml", "/x/b.yaml")]
    [InlineData("x/a.yaml", "/b.yaml", "/b.yaml")]
    public void Resolve_Include_IsRelativeToItsFile(string from, string path, string expected) =>
        Assert.Equal(expected, ManifestLoader.Resolve(from, path));

    [Fact]
    public void Compile_Twice_GivesTheSamePlan()
    {
        var (one, other) = (Sample("regions"), Sample("regions"));

        Assert.Equal(new Csmr.Composition.Explaining.PlanText(one).Whole(), new Csmr.Composition.Explaining.PlanText(other).Whole());
    }

    private static PlanRun Run(OperationPlan put, bool held, Value note)
    {
        var run = new PlanRun(put, [Value.Of("k"), Value.OfJson("1"u8.ToArray()), Value.Of(1), note]);
        while (run.TryNext(out var step))
        {
            run.Answer(step.Invocation.Operation.Name switch
            {
                "check" => Outcome.Done(Value.Of(held)),
                "put" => Outcome.Done(Value.Of(true), Value.Of(5)),
                _ => Outcome.Done(Value.Of(9)),
            });
        }

        return run;
    }

    private static Plan Sample(string name) => Repository.Compile(Path.Combine(Repository.Samples, $"{name}.yaml")).Plan!;

    private static Plan Plan(string text)
    {
        var result = Repository.CompileText(Head + text);
        Assert.Empty(result.Findings.Select(static finding => finding.ToString()));
        return result.Plan!;
    }

    private sealed class NamingMachine : IStateMachineType
    {
        public MachineDefinition Definition { get; } = new(
            "naming",
            "Names.",
            [
                new OperationDefinition
                {
                    Name = "bind",
                    Summary = "Binds.",
                    Access = OperationAccess.Update,
                    Parameters = [ParameterDefinition.Key("name", "The name."), ParameterDefinition.Key("owner", "The owner.")],
                    Fields = [new FieldDefinition("ok", ValueType.Bool, "Whether.")],
                    KeyParameters = ["name"],
                },
                new OperationDefinition
                {
                    Name = "list",
                    Summary = "Lists.",
                    Access = OperationAccess.Read,
                    Parameters = [ParameterDefinition.Key("owner", "The owner.")],
                    Fields = [new FieldDefinition("names", ValueType.Json, "The names.")],
                },
            ]);

        public IStateMachine Create(MachineSettings settings) => throw new NotSupportedException();
    }
}
