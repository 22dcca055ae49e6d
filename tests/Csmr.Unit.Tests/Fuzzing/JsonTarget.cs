using System.Text;
using System.Text.Json;
using Csmr.Composition.Json;
using Csmr.Services;
using Csmr.TestKit.Fuzzing;
using Csmr.TestKit.Simulation;

namespace Csmr.Unit.Tests.Fuzzing;

/// <summary>Bodies of requests: arguments or a problem; values that were taken are canonical.</summary>
internal static class JsonTarget
{
    private static readonly string[] Words =
    [
        "null", "true", "false", "\"key\":", "\"value\":", "\"expectedVersion\":", "\"owner\":", "{}", "[]", "\"\"", "\\u0000", "\\ud800", "\\udc00", "\\u006bey",
        "\"a\":1,\"a\":2", "//x\n", "/*x*/", ",", ",,", "NaN", "Infinity", "'x'", "\\x", "\u2028", "\ufeff", "1e5", "1.0", "-1", "😀",
    ];

    private static readonly string[] Samples =
    [
        """{"key":"apple","value":{"colour":"red","sizes":[1,2.50,-3e10],"none":[null]}}""",
        """{"key":"apple","value":"x","expectedVersion":3}""",
        """{"key":"l","owner":"me","leaseSeconds":30,"token":7}""",
        """ { "entry" : [ [ [ { "deep" : true } ] ] ] } """,
        """{"first":1,"last":9223372036854775807}""",
        "{}",
        "",
    ];

    private static readonly IReadOnlyList<ParameterDefinition>[] Operations =
        [.. ShippedMachines.Catalog.Machines.SelectMany(static type => type.Definition.Operations).Select(static operation => operation.Parameters)];

    private static readonly ParameterDefinition[] Any = [new("v", ValueType.Json, "Any value.")];

    private static readonly InputMutator Mutator = new([.. Samples.Select(Encoding.UTF8.GetBytes)], Words);

    // The first byte chooses the operation.
    public static FuzzTarget Target { get; } = new(
        "json",
        Share: 30,
        static random => [(byte)random.Below(Operations.Length), .. Mutator.Next(random)],
        Check,
        static bytes => (64 << 10) + (64L * bytes));

    public static bool Check(byte[] input)
    {
        if (input.Length == 0)
        {
            return false;
        }

        var parameters = Operations[input[0] % Operations.Length];
        var isTaken = ArgumentBinder.TryBind(parameters, input.AsSpan(1), out var arguments, out var problem);
        Assert.Equal(isTaken, problem is null);
        if (!isTaken)
        {
            Assert.False(string.IsNullOrWhiteSpace(problem!.Message));
            return false;
        }

        foreach (var value in arguments!.Where(static value => value.Kind == ValueKind.Json))
        {
            RequireCanonical(value.AsJson());
        }

        return true;
    }

    // What was taken is JSON, and taking it again changes nothing.
    private static void RequireCanonical(byte[] json)
    {
        using (JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64, AllowDuplicateProperties = false }))
        {
        }

        Assert.True(ArgumentBinder.TryBind(Any, [.. "{\"v\":"u8, .. json, (byte)'}'], out var again, out var problem), problem?.Message);
        Assert.Equal(json, again[0].AsJson());
    }
}
