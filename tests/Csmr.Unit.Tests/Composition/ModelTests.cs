using CsCheck;
using Csmr.Composition.Model;

namespace Csmr.Unit.Tests.Composition;

/// <summary>The laws of composition: union of the relations, f = min.</summary>
public sealed class ModelTests
{
    private static readonly Gen<(Operation, Argument, Replica)> Triples =
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 3]).Select(static (service, operation, argument, replica) => (
            new Operation($"s{service}", $"x{operation}"),
            argument == 0 ? Argument.Any : new Argument($"a{argument}"),
            new Replica(new GroupId($"g{service}"), new ReplicaId(replica), $"n{replica}")));

    private static readonly Gen<ReplicatedService> Services =
        Gen.Select(Gen.Int[0, 3], Triples.Array[0, 12]).Select(static (f, relation) => new ReplicatedService(f, relation));

    [Fact]
    public void ComposeWith_AnyTwo_OrderDoesNotMatter() =>
        Gen.Select(Services, Services).Sample(static (a, b) => a.ComposeWith(b).Equals(b.ComposeWith(a)));

    [Fact]
    public void ComposeWith_AnyThree_GroupingDoesNotMatter() =>
        Gen.Select(Services, Services, Services).Sample(static (a, b, c) =>
            a.ComposeWith(b).ComposeWith(c).Equals(a.ComposeWith(b.ComposeWith(c))));

    [Fact]
    public void ComposeWith_Itself_ChangesNothing() => Services.Sample(static a => a.ComposeWith(a).Equals(a));

    [Fact]
    public void ComposeWith_Nothing_ChangesNothing() => Services.Sample(static a => a.ComposeWith(ReplicatedService.Nothing).Equals(a));

    [Fact]
    public void ComposeWith_AnyTwo_ToleratesTheFewerFailures() =>
        Gen.Select(Services, Services).Sample(static (a, b) => a.ComposeWith(b).F == Math.Min(a.F, b.F));

    [Fact]
    public void R_OfAComposition_IsTheUnionOfBoth() =>
        Gen.Select(Services, Services).Sample(static (a, b) =>
        {
            var whole = a.ComposeWith(b);
            Assert.Equal(a.Operations.Union(b.Operations).Order(Comparer), whole.Operations.Order(Comparer));
            foreach (var operation in whole.Operations)
            {
                Assert.Equal(a.R(operation).Union(b.R(operation)), whole.R(operation));
                foreach (var argument in whole.Arguments(operation))
                {
                    Assert.Equal(a.R(operation, argument).Union(b.R(operation, argument)), whole.R(operation, argument));
                    Assert.Empty(whole.R(operation, argument).Replicas.Except(whole.R(operation).Replicas));
                }
            }
        });

    [Fact]
    public void Plan_OfAuditedStore_HasTheReplicationSetsOfItsGroups()
    {
        var plan = Repository.Compile(Path.Combine(Repository.Samples, "audited-store.yaml")).Plan!;
        var put = plan.Operations.Single(static operation => operation.Name == "put");
        Value[] apple = [Value.Of("apple"), Value.OfJson("1"u8.ToArray())];

        Assert.Equal(1, PlanModel.Of(plan).F);
        Assert.Equal(9, PlanModel.R(plan, put).Count);
        Assert.Equal(["audit", "early"], PlanModel.R(plan, put, apple).Replicas.Select(static replica => replica.Group.Name).Distinct());
    }

    private static Comparer<Operation> Comparer { get; } =
        Comparer<Operation>.Create(static (left, right) => string.CompareOrdinal(left.ToString(), right.ToString()));
}
