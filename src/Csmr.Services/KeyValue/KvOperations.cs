namespace Csmr.Services.KeyValue;

/// <summary>The operations of <c>kv</c>, as clients see them.</summary>
internal static class KvOperations
{
    public const string Put = "put";
    public const string Get = "get";
    public const string Delete = "delete";
    public const string Cas = "cas";
    public const string Add = "add";
    public const string Range = "range";
    public const string ValueBytesMax = "valueBytesMax";
    public const string ValueTooLarge = "kv.value-too-large";
    public const string NoExpectation = "kv.no-expectation";
    public const string TwoExpectations = "kv.two-expectations";
    public const string NotAnInteger = "kv.not-an-integer";
    public const string OutOfBounds = "kv.out-of-bounds";

    /// <summary>The number of items in one answer where the caller does not say.</summary>
    public const long LimitDefault = 100;

    /// <summary>The most items in one answer.</summary>
    public const long LimitMax = 1000;

    /// <summary>About the most bytes in one answer; a single item may be larger.</summary>
    public const int AnswerBytesMax = 1 << 20;

    private static readonly RefusalDefinition TooLarge =
        new(ValueTooLarge, "The JSON text of the value is larger than the setting valueBytesMax.") { OnlyAbove = new("value", ValueBytesMax) };

    public static MachineDefinition Machine { get; } = new(
        "kv",
        "Values under keys, in the order of the keys, with versions and conditional writes.",
        [PutDefinition, GetDefinition, DeleteDefinition, CasDefinition, AddDefinition, RangeDefinition],
        [
            new SettingDefinition(ValueBytesMax, ValueType.Long, Value.Of(1 << 20), "The most bytes that the JSON text of one value may have.")
            {
                Minimum = 1,
                Maximum = 64 << 20,
            },
        ]);

    private static OperationDefinition PutDefinition => new()
    {
        Name = Put,
        Summary = "Sets the value of a key, whether the key exists or not.",
        Access = OperationAccess.Update,
        Parameters = [Key, NewValue],
        Fields =
        [
            new FieldDefinition("ok", ValueType.Bool, "Always true."),
            new FieldDefinition("version", ValueType.Long, "The key's new version: above every earlier one, also above those before a delete.") { IsStamp = true },
        ],
        KeyParameters = ["key"],
        Refusals = [TooLarge],
        Example = """{"ok":true,"version":42}""",
    };

    private static OperationDefinition GetDefinition => new()
    {
        Name = Get,
        Summary = "Reads the value of a key.",
        Access = OperationAccess.Read,
        Parameters = [Key],
        Fields =
        [
            new FieldDefinition("value", ValueType.Json, "The value; null where the key does not exist.", IsNullable: true),
            new FieldDefinition("version", ValueType.Long, "The key's version; null where the key does not exist.", IsNullable: true) { IsStamp = true },
        ],
        KeyParameters = ["key"],
        Example = """{"value":{"colour":"red"},"version":42}""",
    };

    private static OperationDefinition DeleteDefinition => new()
    {
        Name = Delete,
        Summary = "Removes a key and its value.",
        Access = OperationAccess.Update,
        Parameters = [Key],
        Fields =
        [
            new FieldDefinition("ok", ValueType.Bool, "Whether the key existed."),
            new FieldDefinition("version", ValueType.Long, "The version that was removed; null where the key did not exist.", IsNullable: true) { IsStamp = true },
        ],
        KeyParameters = ["key"],
        Example = """{"ok":true,"version":42}""",
    };

    private static OperationDefinition CasDefinition => new()
    {
        Name = Cas,
        Summary = "Sets the value of a key if the key has the expected version or the expected value; give one of the two.",
        Access = OperationAccess.Update,
        Parameters =
        [
            Key,
            NewValue,
            new ParameterDefinition("expectedVersion", ValueType.Long, "The version that the key must have; 0: the key must not exist.")
            {
                IsOptional = true,
                Minimum = 0,
                Example = "41",
            },
            new ParameterDefinition("expectedValue", ValueType.Json, "The value that the key must have, member for member in the same order.")
            {
                IsOptional = true,
            },
        ],
        Fields =
        [
            new FieldDefinition("ok", ValueType.Bool, "Whether the expectation held and the value was set."),
            new FieldDefinition("version", ValueType.Long, "The key's version now; 0 where the key does not exist.") { IsStamp = true },
        ],
        KeyParameters = ["key"],
        Refusals =
        [
            TooLarge,
            new RefusalDefinition(NoExpectation, "Neither expectedVersion nor expectedValue is given."),
            new RefusalDefinition(TwoExpectations, "Both expectedVersion and expectedValue are given."),
        ],
        Example = """{"ok":true,"version":42}""",
    };

    private static OperationDefinition AddDefinition => new()
    {
        Name = Add,
        Summary = "Adds an amount to the integer under a key, such as a balance, unless it would leave its bounds; a key that does not exist counts as 0.",
        Access = OperationAccess.Update,
        Parameters =
        [
            Key,
            new ParameterDefinition("amount", ValueType.Long, "What to add, below 0 to take away.") { Example = "-5" },
            new ParameterDefinition("minimum", ValueType.Long, "The smallest integer that may come out; no bound where left out.")
            {
                IsOptional = true,
                Example = "0",
            },
            new ParameterDefinition("maximum", ValueType.Long, "The largest integer that may come out; no bound where left out.")
            {
                IsOptional = true,
                Example = "1000",
            },
        ],
        Fields =
        [
            new FieldDefinition("value", ValueType.Long, "The integer after the addition."),
            new FieldDefinition("version", ValueType.Long, "The key's new version.") { IsStamp = true },
        ],
        KeyParameters = ["key"],
        Refusals =
        [
            new RefusalDefinition(NotAnInteger, "The value under the key is no integer of 64 bits."),
            new RefusalDefinition(OutOfBounds, "The sum would be below minimum, above maximum or beyond 64 bits; nothing was added."),
        ],
        Example = """{"value":37,"version":42}""",
    };

    private static OperationDefinition RangeDefinition => new()
    {
        Name = Range,
        Summary = "Lists keys and values in the ordinal order of the keys; at most about 1 MiB at a time.",
        Access = OperationAccess.Read,
        Parameters =
        [
            new ParameterDefinition("from", ValueType.String, "The first key wanted; the smallest one where left out.")
            {
                IsOptional = true,
                BytesMax = 1024,
                Example = "\"apple\"",
            },
            new ParameterDefinition("to", ValueType.String, "The end of the range, not in it; no end where left out.")
            {
                IsOptional = true,
                BytesMax = 1024,
                Example = "\"banana\"",
            },
            new ParameterDefinition("limit", ValueType.Long, "The most items wanted; 100 where left out.")
            {
                IsOptional = true,
                Minimum = 1,
                Maximum = LimitMax,
                Example = "10",
            },
        ],
        Fields =
        [
            new FieldDefinition(
                "items",
                ValueType.ListOf(ValueType.Record(
                    new FieldDefinition("key", ValueType.String, "The key."),
                    new FieldDefinition("value", ValueType.Json, "Its value."),
                    new FieldDefinition("version", ValueType.Long, "Its version.") { IsStamp = true })),
                "The keys with their values and versions."),
            new FieldDefinition("next", ValueType.String, "The from of the next page; null where there is no more.", IsNullable: true),
        ],
        Example = """{"items":[{"key":"apple","value":{"colour":"red"},"version":42}],"next":"apricot"}""",
    };

    private static ParameterDefinition Key => ParameterDefinition.Key("key", "The key.");

    private static ParameterDefinition NewValue => new("value", ValueType.Json, "The new value: any JSON value but null.")
    {
        Example = """{"colour":"red"}""",
    };
}
