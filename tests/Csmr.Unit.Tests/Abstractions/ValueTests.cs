namespace Csmr.Unit.Tests.Abstractions;

public sealed class ValueTests
{
    private static readonly Value[] Different =
    [
        Value.Null, Value.Of(false), Value.Of(true), Value.Of(0), Value.Of(1), Value.Of(long.MinValue), Value.Of(""), Value.Of("1"),
        Value.Of("true"), Value.Of("null"), Json("1"), Json("true"), Json("\"1\""), Json("null"), Json(""), Json("[1]"),
    ];

    [Fact]
    public void Equals_DifferentKindsOrContents_IsFalse()
    {
        for (var i = 0; i < Different.Length; i++)
        {
            for (var j = 0; j < Different.Length; j++)
            {
                Assert.Equal(i == j, Different[i] == Different[j]);
                Assert.Equal(i != j, Different[i] != Different[j]);
            }
        }
    }

    [Fact]
    public void Equals_SameContentsInOtherObjects_IsTrue()
    {
        var (left, right) = (Json("""{"a":1}"""), Json("""{"a":1}"""));
        Assert.Equal(left, right);
        Assert.Equal(left.GetHashCode(), right.GetHashCode());
        Assert.Equal(Value.Of("ab"), Value.Of(string.Concat("a", "b")));
        Assert.Equal(Value.Of("ab").GetHashCode(), Value.Of(string.Concat("a", "b")).GetHashCode());
    }

    [Fact]
    public void Of_NullReferences_IsNull()
    {
        Assert.True(Value.Of((string?)null).IsNull);
        Assert.True(Value.OfJson(null).IsNull);
    }

    [Fact]
    public void As_OfAnotherKind_Throws()
    {
        Assert.Throws<InvalidOperationException>(static () => Value.Of(1).AsString());
        Assert.Throws<InvalidOperationException>(static () => Value.Of("1").AsLong());
        Assert.Throws<InvalidOperationException>(static () => Value.Of("{}").AsJson());
        Assert.Throws<InvalidOperationException>(static () => Value.Null.AsBool());
    }

    private static Value Json(string text) => Value.OfJson(System.Text.Encoding.UTF8.GetBytes(text));
}
