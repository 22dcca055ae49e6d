namespace Csmr.Services.RecordLog;

/// <summary>The operations of <c>log</c>, as clients see them.</summary>
internal static class RecordLogOperations
{
    public const string Append = "append";
    public const string Retrieve = "retrieve";
    public const string Truncate = "truncate";
    public const string Bounds = "bounds";
    public const string EntryBytesMax = "entryBytesMax";
    public const string BadRange = "log.bad-range";
    public const string Truncated = "log.truncated";
    public const string EntryTooLarge = "log.entry-too-large";

    /// <summary>The most entries in one answer.</summary>
    public const int AnswerEntriesMax = 1000;

    /// <summary>About the most bytes in one answer; a single entry may be larger.</summary>
    public const int AnswerBytesMax = 1 << 20;

    public static MachineDefinition Machine { get; } = new(
        "log",
        "A list of entries that grows at its end, is read by index and can be cut at its start.",
        [AppendDefinition, RetrieveDefinition, TruncateDefinition, BoundsDefinition],
        [
            new SettingDefinition(EntryBytesMax, ValueType.Long, Value.Of(1 << 20), "The most bytes that the JSON text of one entry may have.")
            {
                Minimum = 1,
                Maximum = 64 << 20,
            },
        ]);

    private static OperationDefinition AppendDefinition => new()
    {
        Name = Append,
        Summary = "Adds an entry at the end and answers its index.",
        Access = OperationAccess.Update,
        Parameters = [new ParameterDefinition("entry", ValueType.Json, "The entry: any JSON value but null.") { Example = "\"opened\"" }],
        Fields = [new FieldDefinition("index", ValueType.Long, "The entry's index: 1 for the first one ever, then one more each time.")],
        Refusals = [new RefusalDefinition(EntryTooLarge, "The JSON text of the entry is larger than the setting entryBytesMax.") { OnlyAbove = new("entry", EntryBytesMax) }],
        Example = """{"index":17}""",
    };

    private static OperationDefinition RetrieveDefinition => new()
    {
        Name = Retrieve,
        Summary = "Reads the entries from one index to another; at most 1,000 entries or about 1 MiB at a time.",
        Access = OperationAccess.Read,
        Parameters =
        [
            new ParameterDefinition("first", ValueType.Long, "The index of the first entry wanted.") { Minimum = 1, Example = "17" },
            new ParameterDefinition("last", ValueType.Long, "The index of the last entry wanted; beyond the end it means the end.") { Minimum = 1, Example = "18" },
        ],
        Fields =
        [
            new FieldDefinition("entries", ValueType.ListOf(ValueType.Json), "The entries in order, the first one at the index first; empty where first is beyond the end."),
            new FieldDefinition("next", ValueType.Long, "The index to go on from, where the answer was too small for all that was wanted; else null.", IsNullable: true),
            Start,
            End,
        ],
        Refusals =
        [
            new RefusalDefinition(BadRange, "first is above last, or below 1."),
            new RefusalDefinition(Truncated, "The range starts below the first entry still kept; the message names that entry's index."),
        ],
        Example = """{"entries":["opened",{"closed":true}],"next":null,"start":1,"end":18}""",
    };

    private static OperationDefinition TruncateDefinition => new()
    {
        Name = Truncate,
        Summary = "Drops every entry below an index for ever.",
        Access = OperationAccess.Update,
        Parameters = [new ParameterDefinition("index", ValueType.Long, "The index of the first entry to keep; one above the end keeps none.") { Minimum = 1, Example = "10" }],
        Fields =
        [
            new FieldDefinition("ok", ValueType.Bool, "Whether the log starts at that index now; false where it starts above it already, or ends more than one below it."),
            Start,
        ],
        Example = """{"ok":true,"start":10}""",
    };

    private static OperationDefinition BoundsDefinition => new()
    {
        Name = Bounds,
        Summary = "Reads which indexes there are.",
        Access = OperationAccess.Read,
        Fields = [Start, End],
        Example = """{"start":10,"end":18}""",
    };

    private static FieldDefinition Start => new("start", ValueType.Long, "The index of the first entry kept, or of the next one to come where none is.");

    private static FieldDefinition End => new("end", ValueType.Long, "The index of the last entry; one below start where there is none.");
}
