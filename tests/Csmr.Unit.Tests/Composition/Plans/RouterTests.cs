using CsCheck;
using Csmr.Composition.Plans;

namespace Csmr.Unit.Tests.Composition.Plans;

public sealed class RouterTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("apple", 0)]
    [InlineData("mzz", 0)]
    [InlineData("n", 1)]
    [InlineData("s", 1)]
    [InlineData("t", 0)]
    [InlineData("\uffff", 0)]
    public void Ranges_FromIsInAndToIsNot(string key, int partition) =>
        Assert.Equal(partition, new RangePartitions(["", "n", "t"], [0, 1, 0]).PartitionOf(key));

    [Theory]
    [InlineData("eu/x", 0)]
    [InlineData("eu/de/x", 1)]
    [InlineData("us/x", 2)]
    [InlineData("", 2)]
    public void Prefixes_LongestWins_DefaultTakesTheRest(string key, int partition) =>
        Assert.Equal(partition, new PrefixPartitions(["eu/", "eu/de/", ""], [0, 1, 2]).PartitionOf(key));

    [Fact]
    public void Prefixes_NoDefault_UnknownKeyThrows() =>
        Assert.Throws<ArgumentException>(() => new PrefixPartitions(["eu/"], [0]).PartitionOf("us/"));

    [Theory]
    [InlineData("", 0x811C9DC5)]
    [InlineData("a", 0xE40C292C)]
    [InlineData("foobar", 0xBF9CF968)]
    public void Hash_IsFnv1a_ForEver(string key, uint hash) => Assert.Equal(hash, HashPartitions.Hash(key));

    [Fact]
    public void Hash_Buckets_AreContiguousAndEvenlyShared()
    {
        var function = new HashPartitions(10, 3);

        Assert.Equal(["buckets 0-3 of 10", "buckets 4-6 of 10", "buckets 7-9 of 10"], Enumerable.Range(0, 3).Select(function.Describe));
    }

    [Fact]
    public void Hash_AnyKey_PartitionIsThatOfItsBucket() =>
        Gen.Select(Gen.String, Gen.Int[1, 300], Gen.Int[1, 12]).Where(static (_, buckets, partitions) => partitions <= buckets).Sample(
            static (key, buckets, partitions) =>
            {
                var function = new HashPartitions(buckets, partitions);
                var partition = function.PartitionOf(key);
                var bounds = function.Describe(partition).Split(' ')[1].Split('-').Select(int.Parse).ToArray();
                Assert.InRange(partition, 0, partitions - 1);
                Assert.InRange(function.BucketOf(key), bounds[0], bounds[1]);
            });

    [Fact]
    public void Nested_EachLevelLooksAtItsOwnKey()
    {
        var inner = new PartitionRouter(new HashPartitions(1, 1), 2, [Group("a")]);
        var router = new PartitionRouter(new RangePartitions(["", "n"], [0, 1]), 0, [inner, Group("b")]);

        Assert.Equal(["a", "b"], router.Groups.Select(static group => group.Name));
        Assert.Equal([0, 2], router.Keys);
        Assert.Equal("a", router.Route([Value.Of("m"), Value.Null, Value.Of(7)]).Name);
        Assert.Equal("b", router.Route([Value.Of("n"), Value.Null, Value.Of(7)]).Name);
    }

    private static SingleRouter Group(string name) => new(new GroupId(name));
}
