namespace Csmr.Services.Counter;

/// <summary>The operations of <c>counter</c>, as clients see them.</summary>
internal static class CounterOperations
{
    public const string Add = "add";
    public const string Get = "get";
    public const string Overflow = "counter.overflow";
    public const string BelowMinimum = "counter.below-minimum";

    public static MachineDefinition Machine { get; } = new(
        "counter",
        "One number that is added to and read.",
        [
            new OperationDefinition
            {
                Name = Add,
                Summary = "Adds an amount to the number and answers the new number.",
                Access = OperationAccess.Update,
                Parameters =
                [
                    new ParameterDefinition("amount", ValueType.Long, "What to add, below 0 to take away; 1 where left out.")
                    {
                        IsOptional = true,
                        Example = "5",
                    },
                    new ParameterDefinition("minimum", ValueType.Long, "The smallest number that may come out; no bound where left out.")
                    {
                        IsOptional = true,
                        Example = "0",
                    },
                ],
                Fields = [Value],
                Refusals =
                [
                    new RefusalDefinition(Overflow, "The sum would not fit 64 bits; add less."),
                    new RefusalDefinition(BelowMinimum, "The sum would be below minimum; nothing was added."),
                ],
                Example = """{"value":5}""",
            },
            new OperationDefinition
            {
                Name = Get,
                Summary = "Reads the number.",
                Access = OperationAccess.Read,
                Fields = [Value],
                Example = """{"value":5}""",
            },
        ]);

    private static FieldDefinition Value => new("value", ValueType.Long, "The number after the operation; it starts at 0.");
}
