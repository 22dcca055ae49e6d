using Csmr.Services.KeyValue;

namespace Csmr.Unit.Tests.Services;

public sealed class OrderedMapTests
{
    public static TheoryData<int, int> SeedsAndKeys => new()
    {
        { 1, 20 }, { 2, 200 }, { 3, 2_000 }, { 4, 20_000 },
    };

    [Theory]
    [MemberData(nameof(SeedsAndKeys))]
    public void AnyChanges_AgainstASortedDictionary_AreTheSame(int seed, int keys)
    {
        var random = new Random(seed);
        var map = new OrderedMap<int>();
        var model = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < 40_000; i++)
        {
            // Growing first, shrinking then.
            var key = $"{random.Next(keys)}";
            if (random.Next(40_000) > i)
            {
                map.Set(key, i);
                model[key] = i;
            }
            else if (model.Remove(key))
            {
                map.Remove(key);
            }

            Assert.Equal(model.Count, map.Count);
            Assert.Equal(model.TryGetValue(key, out var expected), map.TryGet(key, out var actual));
            Assert.Equal(expected, actual);
            if (i % 4_000 == 0)
            {
                Assert.Equal(model, map.From(""));
            }
        }

        Assert.Equal(model, map.From(""));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Set_InOrder_GivesAllBack(bool ascending)
    {
        var keys = Enumerable.Range(0, 20_000).Select(static i => $"{i:00000}").ToArray();
        var map = new OrderedMap<int>();
        foreach (var key in ascending ? keys : [.. keys.Reverse()])
        {
            map.Set(key, 1);
        }

        Assert.Equal(keys, map.From("").Select(static pair => pair.Key));
        foreach (var key in keys)
        {
            map.Remove(key);
        }

        Assert.Empty(map.From(""));
        Assert.Equal(0, map.Count);
    }

    [Fact]
    public void From_AnyKey_StartsAtTheNextOneThere()
    {
        var map = new OrderedMap<int>();
        var model = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 3_000; i++)
        {
            map.Set($"{i * 2:0000}", i);
            model.Add($"{i * 2:0000}");
        }

        for (var i = -1; i < 6_001; i += 7)
        {
            var from = $"{i:0000}";
            Assert.Equal(model.Where(key => string.CompareOrdinal(key, from) >= 0).Take(130), map.From(from).Take(130).Select(static pair => pair.Key));
        }
    }

    [Fact]
    public void Copy_OfAMap_IsIndependentInBothDirections()
    {
        var random = new Random(5);
        var maps = new List<(OrderedMap<int> Map, SortedDictionary<string, int> Model)>
        {
            (new OrderedMap<int>(), new SortedDictionary<string, int>(StringComparer.Ordinal)),
        };
        for (var i = 0; i < 20_000; i++)
        {
            var (map, model) = maps[random.Next(maps.Count)];
            var key = $"{random.Next(1_000)}";
            if (random.Next(3) > 0)
            {
                map.Set(key, i);
                model[key] = i;
            }
            else if (model.Remove(key))
            {
                map.Remove(key);
            }

            if (i % 2_000 == 1_999)
            {
                maps.Add((map.Copy(), new SortedDictionary<string, int>(model, StringComparer.Ordinal)));
            }
        }

        Assert.All(maps, static pair => Assert.Equal(pair.Model, pair.Map.From("")));
        Assert.All(maps, static pair => Assert.Equal(pair.Model.Count, pair.Map.Count));
    }
}
