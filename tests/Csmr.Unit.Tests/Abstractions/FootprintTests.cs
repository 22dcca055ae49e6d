using CsCheck;

namespace Csmr.Unit.Tests.Abstractions;

public sealed class FootprintTests
{
    private static readonly Gen<string> Keys = Gen.OneOf("", "a", "b", "c", "d", "\uffff", "\uffffx");

    private static readonly Gen<FootprintItem> Items = Gen.Select(
        Keys, Gen.OneOf(Gen.Const((string?)null), Keys.Select(static key => (string?)key), Gen.Const((string?)FootprintItem.End)), Gen.Bool)
        .Select(static (from, to, isWrite) => new FootprintItem(from, to, isWrite));

    private static readonly Gen<Footprint> Footprints =
        Gen.OneOf(Gen.Const(Footprint.Everything), Gen.Const(Footprint.None), Items.Array[0, 3].Select(static items => Footprint.Of(items)));

    // "r a": reads a; "w a-c": writes from a up to c, not included; "a-" has an open end; "*": everything; "": nothing.
    [Theory]
    [InlineData("r a", "r a", false)]
    [InlineData("r a", "w a", true)]
    [InlineData("w a", "w a", true)]
    [InlineData("w a", "w b", false)]
    [InlineData("r a-c", "w a", true)]
    [InlineData("r a-c", "w b", true)]
    [InlineData("r a-c", "w c", false)]
    [InlineData("r b-c", "w a", false)]
    [InlineData("r a-c", "r b", false)]
    [InlineData("r a-c", "w b-d", true)]
    [InlineData("r a-b", "w b-c", false)]
    [InlineData("r a-d", "w b-c", true)]
    [InlineData("r a-", "w zzz", true)]
    [InlineData("r b-", "w a", false)]
    [InlineData("r b-", "w a-b", false)]
    [InlineData("r b-", "w a-", true)]
    [InlineData("r a,w b", "r b", true)]
    [InlineData("r a,w b", "r a", false)]
    [InlineData("*", "r a", true)]
    [InlineData("*", "w a", true)]
    [InlineData("*", "*", true)]
    [InlineData("*", "", false)]
    [InlineData("", "", false)]
    [InlineData("", "w a", false)]
    public void ConflictsWith_Pairs_AsTheTableSays(string left, string right, bool conflict)
    {
        Assert.Equal(conflict, Parse(left).ConflictsWith(Parse(right)));
        Assert.Equal(conflict, Parse(right).ConflictsWith(Parse(left)));
    }

    [Fact]
    public void ConflictsWith_OpenEnd_CoversEveryKey() =>
        Assert.True(Footprint.Of(new FootprintItem("", FootprintItem.End, IsWrite: false)).ConflictsWith(Footprint.Write("\uffff\uffff")));

    [Fact]
    public void ConflictsWith_AnyPair_IsSymmetric() => Gen.Select(Footprints, Footprints)
        .Sample(static (left, right) => left.ConflictsWith(right) == right.ConflictsWith(left));

    [Fact]
    public void ConflictsWith_AnyPair_IsNeverTooSmall() => Gen.Select(Items, Items, Keys).Sample(static (left, right, key) =>
    {
        var meet = Covers(left, key) && Covers(right, key) && (left.IsWrite || right.IsWrite);
        return !meet || Footprint.Of(left).ConflictsWith(Footprint.Of(right));
    });

    private static bool Covers(FootprintItem item, string key) => item.To is null
        ? key == item.From
        : string.CompareOrdinal(item.From, key) <= 0 && (item.To == FootprintItem.End || string.CompareOrdinal(key, item.To) < 0);

    private static Footprint Parse(string text) => text switch
    {
        "*" => Footprint.Everything,
        "" => Footprint.None,
        _ => Footprint.Of([.. text.Split(',').Select(ParseItem)]),
    };

    private static FootprintItem ParseItem(string text)
    {
        var ends = text[2..].Split('-');
        var to = ends.Length == 1 ? null : ends[1].Length == 0 ? FootprintItem.End : ends[1];
        return new FootprintItem(ends[0], to, text[0] == 'w');
    }
}
