using Csmr.Grains.Routing;
using Csmr.Server.Hosting;

namespace Csmr.Cluster.Tests;

/// <summary>When a replica counts as taking part, and when a group can do without one: what rolling updates rest on.</summary>
public sealed class DrainTests
{
    [Theory]
    [InlineData("leader", true, 7, null, true)]
    [InlineData("leader", false, 7, null, false)]
    [InlineData("follower", false, 7, 7L, true)]
    [InlineData("follower", false, 6, 7L, false)]
    [InlineData("follower", false, 7, null, false)]
    [InlineData("forming", false, 0, null, true)]
    [InlineData("none", false, 0, null, true)]
    [InlineData("removed", false, 0, null, true)]
    [InlineData("learner", false, 7, 7L, false)]
    [InlineData("outcast", false, 0, 7L, false)]
    [InlineData("candidate", false, 7, null, false)]
    [InlineData("starting", false, 0, 7L, false)]
    [InlineData("stopped", false, 7, 7L, false)]
    public void Replica_InThisRole_TakesPartOrNot(string role, bool isServing, long chosenUpTo, long? leaderChosenUpTo, bool takesPart) => Assert.Equal(
        takesPart,
        ReplicaWatch.ReasonOf(new ReplicaStatus { Role = role, IsServing = isServing, ChosenUpTo = chosenUpTo }, leaderChosenUpTo) is null);

    [Fact]
    public void Replica_ThatDoesNotAnswer_DoesNotTakePart() => Assert.NotNull(ReplicaWatch.ReasonOf(null, 7));

    [Theory]
    [InlineData("leader follower follower", "n3", true)]
    [InlineData("leader follower follower", "n1", true)]
    [InlineData("leader follower follower", "n4", true)]
    [InlineData("leader - follower", "n3", false)]
    [InlineData("leader - follower", "n2", true)]
    [InlineData("leader candidate follower", "n3", false)]
    [InlineData("leader outcast follower", "n3", false)]
    [InlineData("leader follower", "n2", false)]
    [InlineData("leader follower learner", "n1", false)]
    [InlineData("leader follower follower learner", "n4", true)]
    [InlineData("leader follower follower learner", "n3", true)]
    [InlineData("leader - - follower follower", "n4", false)]
    [InlineData("leader - follower follower follower", "n4", true)]
    [InlineData("leader", "n1", true)]
    public void Group_WithoutTheVotersOfANode_HasAMajorityOrNot(string roles, string node, bool can)
    {
        var replicas = roles.Split(' ').Select(static (role, index) => new ReplicaEntry(
            new ReplicaId(index), $"n{index + 1}", IsWitness: false, IsReachable: role != "-", role == "-" ? null : new ReplicaStatus { Role = role }));
        Assert.Equal(can, Drain.CanDoWithout(new GroupStatus(new GroupId("g"), "n1", [.. replicas]), node));
    }
}
