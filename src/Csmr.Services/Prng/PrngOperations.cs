namespace Csmr.Services.Prng;

/// <summary>The operations of <c>prng</c>, as clients see them.</summary>
internal static class PrngOperations
{
    public const string Next = "next";
    public const string Seed = "seed";
    public const string BadBound = "prng.bad-bound";

    public static MachineDefinition Machine { get; } = new(
        "prng",
        "Seeded pseudo-random numbers (SplitMix64), the same at every replica; not for secrets.",
        [
            new OperationDefinition
            {
                Name = Next,
                Summary = "Draws the next number.",
                Access = OperationAccess.Update,
                Parameters =
                [
                    new ParameterDefinition("bound", ValueType.Long, "The number is drawn evenly from 0 up to this, not included; 2^63 where left out.")
                    {
                        IsOptional = true,
                        Minimum = 1,
                        Example = "6",
                    },
                ],
                Fields = [new FieldDefinition("value", ValueType.Long, "The number, from 0.")],
                Refusals = [new RefusalDefinition(BadBound, "The bound is below 1.")],
                Example = """{"value":4}""",
            },
        ],
        [new SettingDefinition(Seed, ValueType.Long, Value.Of(0), "Where the sequence starts: equal seeds give equal numbers.")]);
}
