namespace Csmr.Unit.Tests.Abstractions;

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
        var map = new OrderedMap<OrdinalKey, int>();
        var model = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < 20_000; i++)
        {
            // Growing first, shrinking then.
            var key = $"{random.Next(keys)}";
            if (random.Next(20_000) > i)
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
                Assert.Equal(model, Pairs(map));
            }
        }

        Assert.Equal(model, Pairs(map));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Set_InOrder_GivesAllBack(bool ascending)
    {
        var keys = Enumerable.Range(0, 20_000).Select(static i => $"{i:00000}").ToArray();
        var map = new OrderedMap<OrdinalKey, int>();
        foreach (var key in ascending ? keys : [.. keys.Reverse()])
        {
            map.Set(key, 1);
        }

        Assert.Equal(keys, map.From("").Select(static pair => pair.Key.Text));
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
        var map = new OrderedMap<OrdinalKey, int>();
        var model = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 3_000; i++)
        {
            map.Set($"{i * 2:0000}", i);
            model.Add($"{i * 2:0000}");
        }

        for (var i = -1; i < 6_001; i += 31)
        {
            var from = $"{i:0000}";
            Assert.Equal(model.Where(key => string.CompareOrdinal(key, from) >= 0).Take(130), map.From(from).Take(130).Select(static pair => pair.Key.Text));
        }
    }

    [Fact]
    public void Copy_OfAMap_IsIndependentInBothDirections()
    {
        var random = new Random(5);
        var maps = new List<(OrderedMap<OrdinalKey, int> Map, SortedDictionary<string, int> Model)>
        {
            (new OrderedMap<OrdinalKey, int>(), new SortedDictionary<string, int>(StringComparer.Ordinal)),
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

        Assert.All(maps, static pair => Assert.Equal(pair.Model, Pairs(pair.Map)));
        Assert.All(maps, static pair => Assert.Equal(pair.Model.Count, pair.Map.Count));
    }

    // So many keys that there are branches of branches; whole stretches go and single keys come back, until all are gone, so
    // that nodes of every level are emptied, joined and split again.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Remove_OfStretches_KeepsTheOtherKeysAndAllCopiesWhole(int seed)
    {
        const int Keys = 15_000;
        const int Rounds = 60;
        var random = new Random(seed);
        var map = new OrderedMap<OrdinalKey, int>();
        var left = new SortedSet<string>(StringComparer.Ordinal);
        var all = Enumerable.Range(0, Keys).Select(static i => $"{i:00000}").ToArray();
        random.Shuffle(all);
        Array.ForEach(all, Add);
        var copies = new List<(OrderedMap<OrdinalKey, int> Copy, string[] Keys)>();
        for (var round = 0; left.Count > 0; round++)
        {
            var from = random.Next(Keys);
            var length = round > Rounds ? Keys : random.Next(1_000);
            foreach (var key in left.GetViewBetween($"{from:00000}", $"{Math.Min(from + length, Keys):00000}").ToArray())
            {
                map.Remove(key);
                left.Remove(key);
            }

            for (var i = round > Rounds ? 0 : random.Next(400); i > 0; i--)
            {
                Add($"{Math.Min(random.Next(Keys), random.Next(Keys)):00000}");
            }

            if (round % 5 == 0)
            {
                Assert.True(left.All(key => map.TryGet(key, out _)));
                Assert.True(left.SequenceEqual(map.From("").Select(static pair => pair.Key.Text)));
                copies.Add((map.Copy(), [.. left]));
            }
        }

        Assert.Equal(0, map.Count);
        Assert.All(copies, static pair => Assert.True(pair.Keys.SequenceEqual(pair.Copy.From("").Select(static found => found.Key.Text))));

        void Add(string key)
        {
            map.Set(key, 1);
            left.Add(key);
        }
    }

    [Fact]
    public void Remove_OfAKeyThatIsNotThere_ChangesNothing()
    {
        var map = new OrderedMap<long, string>();
        Assert.False(map.Remove(1));
        map.Set(2, "two");
        var copy = map.Copy();
        Assert.False(map.Remove(1));
        Assert.True(map.Remove(2, out var value));
        Assert.Equal(("two", 0, 1), (value, map.Count, copy.Count));
        Assert.False(map.TryFirst(out _, out _));
        Assert.True(copy.TryFirst(out var first, out _));
        Assert.Equal(2, first);
    }

    /// <summary>A copy is read while the map is changed by another thread: it stays what it was.</summary>
    [Fact]
    public async Task Copy_ReadWhileTheMapIsChanged_StaysAsItWas()
    {
        var map = new OrderedMap<(long, int), long>();
        for (var i = 0L; i < 50_000; i++)
        {
            map.Set((i * 7919 % 50_021, 1), i);
        }

        var random = new Random(3);
        for (var round = 0; round < 5; round++)
        {
            var expected = map.All().ToArray();
            var copy = map.Copy();
            var reading = Task.Run(() => copy.All().ToArray(), TestContext.Current.CancellationToken);
            for (var i = 0; i < 50_000 || !reading.IsCompleted; i++)
            {
                var key = ((long)random.Next(50_021), 1);
                if (i % 3 == 0)
                {
                    map.Remove(key);
                }
                else
                {
                    map.Set(key, -i);
                }
            }

            Assert.Equal(expected, await reading);
            Assert.Equal(expected.Length, copy.Count);
        }
    }

    private static IEnumerable<KeyValuePair<string, int>> Pairs(OrderedMap<OrdinalKey, int> map) =>
        map.All().Select(static pair => KeyValuePair.Create(pair.Key.Text, pair.Value));
}
