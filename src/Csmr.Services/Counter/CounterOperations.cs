namespace Csmr.Services.Counter;

/// <summary>The operations of <c>counter</c>, as clients see them.</summary>
internal static class CounterOperations
{
    public const string Add = "add";
    public const string Get = "get";
    public const string Overflow = "counter.overflow";

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
                ],
                Fields = [Value],
                Refusals = [new RefusalDefinition(Overflow, "The sum would not fit 64 bits; add less.")],
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
