namespace Csmr.Services.Locks;

/// <summary>The operations of <c>lock</c>, as clients see them.</summary>
internal static class LockOperations
{
    public const string Acquire = "acquire";
    public const string Release = "release";
    public const string Renew = "renew";
    public const string Check = "check";
    public const string Query = "query";
    public const string LeaseSecondsDefault = "leaseSecondsDefault";

    private const long LeaseSecondsMax = 86_400L * 365;

    public static MachineDefinition Machine { get; } = new(
        "lock",
        "Locks under keys, with owners, leases and fencing tokens.",
        [AcquireDefinition, ReleaseDefinition, RenewDefinition, CheckDefinition, QueryDefinition],
        [
            new SettingDefinition(
                LeaseSecondsDefault,
                ValueType.Long,
                Value.Of(0),
                "The lease in seconds of an acquire or renew that names none; 0: the lock is held until it is released.")
            {
                Minimum = 0,
                Maximum = LeaseSecondsMax,
            },
        ]);

    private static OperationDefinition AcquireDefinition => new()
    {
        Name = Acquire,
        Summary = "Takes a lock if it is free; the owner that holds it already keeps its token and starts a new lease.",
        Access = OperationAccess.Update,
        Parameters = [Key, Owner, LeaseSeconds],
        Fields =
        [
            new FieldDefinition("ok", ValueType.Bool, "Whether the caller holds the lock now."),
            new FieldDefinition(
                "token",
                ValueType.Long,
                "The fencing token: above that of every earlier holder of this lock, and never given twice; null where not ok.",
                IsNullable: true) { IsStamp = true },
            ExpiresAtMs("null where not ok, or where the lock is held until it is released"),
        ],
        KeyParameters = ["key"],
        Example = """{"ok":true,"token":7,"expiresAtMs":1767225600000}""",
    };

    private static OperationDefinition ReleaseDefinition => new()
    {
        Name = Release,
        Summary = "Gives a lock back that the caller holds.",
        Access = OperationAccess.Update,
        Parameters = [Key, Owner, Token],
        Fields = [new FieldDefinition("ok", ValueType.Bool, "Whether it was given back; false where it is not held, held by another, or held with another token.")],
        KeyParameters = ["key"],
        Example = """{"ok":true}""",
    };

    private static OperationDefinition RenewDefinition => new()
    {
        Name = Renew,
        Summary = "Starts a new lease of a lock that the caller holds.",
        Access = OperationAccess.Update,
        Parameters = [Key, Owner, LeaseSeconds, Token],
        Fields =
        [
            new FieldDefinition("ok", ValueType.Bool, "Whether it was renewed; false where it is not held, held by another, or held with another token."),
            new FieldDefinition("token", ValueType.Long, "The fencing token, the same as before; null where not ok.", IsNullable: true) { IsStamp = true },
            ExpiresAtMs("null where not ok, or where the lock is held until it is released"),
        ],
        KeyParameters = ["key"],
        Example = """{"ok":true,"token":7,"expiresAtMs":1767225600000}""",
    };

    private static OperationDefinition CheckDefinition => new()
    {
        Name = Check,
        Summary = "Tells whether a lock is held with a token: the condition of a fenced write. Ordered like an update, since leases end by the time of the entry.",
        Access = OperationAccess.Update,
        Parameters = [Key, new ParameterDefinition("token", ValueType.Long, "The fencing token that acquire gave.") { Minimum = 1, Example = "7" }],
        Fields = [new FieldDefinition("ok", ValueType.Bool, "Whether the lock is held now with exactly this token.")],
        KeyParameters = ["key"],
        Example = """{"ok":true}""",
    };

    private static OperationDefinition QueryDefinition => new()
    {
        Name = Query,
        Summary = "Tells who holds a lock. Ordered like an update, since leases end by the time of the entry.",
        Access = OperationAccess.Update,
        Parameters = [Key],
        Fields =
        [
            new FieldDefinition("held", ValueType.Bool, "Whether it is held."),
            new FieldDefinition("owner", ValueType.String, "The owner; null where it is not held, or held without a name.", IsNullable: true),
            new FieldDefinition("token", ValueType.Long, "The holder's fencing token; null where it is not held.", IsNullable: true) { IsStamp = true },
            ExpiresAtMs("null where it is not held, or held until it is released"),
        ],
        KeyParameters = ["key"],
        Example = """{"held":true,"owner":"worker-3","token":7,"expiresAtMs":1767225600000}""",
    };

    private static ParameterDefinition Key => ParameterDefinition.Key("key", "The lock's name.");

    private static ParameterDefinition Owner =>
        new("owner", ValueType.String, "Who holds the lock; the caller's session where left out, or nobody by name where it has none.")
        {
            IsOptional = true,
            BytesMin = 1,
            BytesMax = 256,
            Example = "\"worker-3\"",
        };

    private static ParameterDefinition LeaseSeconds =>
        new("leaseSeconds", ValueType.Long, "After how many seconds the lock is free again by itself; the setting leaseSecondsDefault where left out.")
        {
            IsOptional = true,
            Minimum = 1,
            Maximum = LeaseSecondsMax,
            Example = "30",
        };

    private static ParameterDefinition Token =>
        new("token", ValueType.Long, "The fencing token that acquire gave, to be sure that it is this very holding.")
        {
            IsOptional = true,
            Minimum = 1,
            Example = "7",
        };

    private static FieldDefinition ExpiresAtMs(string whenNull) =>
        new("expiresAtMs", ValueType.Long, $"When the lease ends, in milliseconds since 1970-01-01 UTC; {whenNull}.", IsNullable: true);
}
