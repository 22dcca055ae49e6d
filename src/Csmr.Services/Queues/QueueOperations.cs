namespace Csmr.Services.Queues;

/// <summary>The operations of <c>queue</c>, as clients see them.</summary>
internal static class QueueOperations
{
    public const string Enqueue = "enqueue";
    public const string Take = "take";
    public const string Extend = "extend";
    public const string Complete = "complete";
    public const string Abandon = "abandon";
    public const string Redrive = "redrive";
    public const string Discard = "discard";
    public const string Stats = "stats";
    public const string Peek = "peek";
    public const string Dead = "dead";
    public const string BodyBytesMax = "bodyBytesMax";
    public const string JobsMax = "jobsMax";
    public const string DeadMax = "deadMax";
    public const string AttemptsMax = "attemptsMax";
    public const string LeaseSecondsDefault = "leaseSecondsDefault";
    public const string BodyTooLarge = "queue.body-too-large";
    public const string Full = "queue.full";

    /// <summary>The longest lease or delay.</summary>
    public const long SecondsMax = 86_400L * 365;

    /// <summary>The most jobs in one answer.</summary>
    public const int AnswerJobsMax = 100;

    /// <summary>About the most bytes in one answer; a single job may be larger.</summary>
    public const int AnswerBytesMax = 1 << 20;

    public static MachineDefinition Machine { get; } = new(
        "queue",
        "Queues of jobs under keys, with leases, fencing tokens, a number of attempts, and dead letters.",
        [EnqueueDefinition, TakeDefinition, ExtendDefinition, CompleteDefinition, AbandonDefinition, StatsDefinition, PeekDefinition, DeadDefinition, RedriveDefinition, DiscardDefinition],
        [
            Setting(LeaseSecondsDefault, 30, SecondsMax, "The lease in seconds of a take or extend that names none."),
            Setting(AttemptsMax, 5, 1_000_000, "How often a job is given out before it is dead."),
            Setting(JobsMax, 100_000, 10_000_000, "The most jobs of one queue that are not dead."),
            Setting(DeadMax, 1_000, 100_000, "The most dead jobs that one queue keeps; where one more dies, the one that died first is dropped."),
            Setting(BodyBytesMax, 65_536, 64 << 20, "The most bytes that the JSON text of one body may have."),
        ]);

    private static OperationDefinition EnqueueDefinition => new()
    {
        Name = Enqueue,
        Summary = "Puts a job at the end of a queue, unless one with the same id is there.",
        Access = OperationAccess.Update,
        Parameters =
        [
            Queue,
            new ParameterDefinition("body", ValueType.Json, "What is to be done: any JSON value but null.") { Example = """{"mail":"anna@example.org"}""" },
            new ParameterDefinition("id", ValueType.String, "The job's own id: while a job of this id is in the queue, dead or not, no other one is put in.")
            {
                IsOptional = true,
                BytesMin = 1,
                BytesMax = 256,
                Example = "\"order-4711\"",
            },
            Delay,
        ],
        Fields =
        [
            new FieldDefinition("job", ValueType.Long, "The job's number: above those of all jobs that were put in before.") { IsStamp = true },
            new FieldDefinition("isNew", ValueType.Bool, "Whether it was put in; false where one of the same id is there, whose number this is."),
        ],
        KeyParameters = ["queue"],
        Refusals =
        [
            new RefusalDefinition(BodyTooLarge, "The JSON text of the body is larger than the setting bodyBytesMax.") { OnlyAbove = new("body", BodyBytesMax) },
            new RefusalDefinition(Full, "The queue has as many jobs as the setting jobsMax allows."),
        ],
        Example = """{"job":17,"isNew":true}""",
    };

    private static OperationDefinition TakeDefinition => new()
    {
        Name = Take,
        Summary = "Gives out the first job that is ready, with a lease; nobody else gets it before the lease is over.",
        Access = OperationAccess.Update,
        Parameters = [Queue, Lease],
        Fields =
        [
            new FieldDefinition("job", ValueType.Long, "The job's number; null where none is ready.", IsNullable: true) { IsStamp = true },
            new FieldDefinition("body", ValueType.Json, "What is to be done; null where none is ready.", IsNullable: true),
            new FieldDefinition("token", ValueType.Long, "The fencing token: above that of every earlier attempt; null where none is ready.", IsNullable: true) { IsStamp = true },
            new FieldDefinition("attempt", ValueType.Long, "Which attempt this is, from 1; null where none is ready.", IsNullable: true),
            ExpiresAtMs("null where none is ready"),
        ],
        KeyParameters = ["queue"],
        Example = """{"job":17,"body":{"mail":"anna@example.org"},"token":18,"attempt":1,"expiresAtMs":1767225600000}""",
    };

    private static OperationDefinition ExtendDefinition => new()
    {
        Name = Extend,
        Summary = "Starts a new lease of a job that the caller has.",
        Access = OperationAccess.Update,
        Parameters = [Queue, Job, Token, Lease],
        Fields = [Ok("whether the job was held with this token"), ExpiresAtMs("null where not ok")],
        KeyParameters = ["queue"],
        Example = """{"ok":true,"expiresAtMs":1767225600000}""",
    };

    private static OperationDefinition CompleteDefinition => new()
    {
        Name = Complete,
        Summary = "A job is done: it leaves the queue.",
        Access = OperationAccess.Update,
        Parameters = [Queue, Job, Token],
        Fields = [Ok("whether the job was held with this token: else it was done by another, is given out again, or is dead")],
        KeyParameters = ["queue"],
        Example = """{"ok":true}""",
    };

    private static OperationDefinition AbandonDefinition => new()
    {
        Name = Abandon,
        Summary = "A job could not be done: it is ready again, at once or after a delay, or dead where this was its last attempt.",
        Access = OperationAccess.Update,
        Parameters = [Queue, Job, Token, Delay],
        Fields = [Ok("whether the job was held with this token"), new FieldDefinition("isDead", ValueType.Bool, "Whether it is dead now.")],
        KeyParameters = ["queue"],
        Example = """{"ok":true,"isDead":false}""",
    };

    private static OperationDefinition StatsDefinition => new()
    {
        Name = Stats,
        Summary = "Counts the jobs of a queue. Ordered like an update, since leases end by the time of the entry.",
        Access = OperationAccess.Update,
        Parameters = [Queue],
        Fields =
        [
            new FieldDefinition("ready", ValueType.Long, "How many can be taken now."),
            new FieldDefinition("taken", ValueType.Long, "How many are held."),
            new FieldDefinition("delayed", ValueType.Long, "How many wait for their time."),
            new FieldDefinition("dead", ValueType.Long, "How many dead ones are kept."),
        ],
        KeyParameters = ["queue"],
        Example = """{"ready":3,"taken":1,"delayed":0,"dead":0}""",
    };

    private static OperationDefinition PeekDefinition => new()
    {
        Name = Peek,
        Summary = "Shows the jobs of a queue without taking them. Ordered like an update, since leases end by the time of the entry.",
        Access = OperationAccess.Update,
        Parameters = [Queue, Limit],
        Fields = [new FieldDefinition("jobs", ValueType.ListOf(ValueType.Record(
            JobNumber, Body, new FieldDefinition("state", ValueType.String, "ready, taken or delayed."), Attempts)), "In the order of their numbers.")],
        KeyParameters = ["queue"],
        Example = """{"jobs":[{"job":17,"body":1,"state":"ready","attempts":0}]}""",
    };

    private static OperationDefinition DeadDefinition => new()
    {
        Name = Dead,
        Summary = "Shows the dead jobs of a queue. Ordered like an update, since leases end by the time of the entry.",
        Access = OperationAccess.Update,
        Parameters = [Queue, Limit],
        Fields = [new FieldDefinition("jobs", ValueType.ListOf(ValueType.Record(JobNumber, Body, Attempts)), "In the order in which they died.")],
        KeyParameters = ["queue"],
        Example = """{"jobs":[{"job":17,"body":1,"attempts":5}]}""",
    };

    private static OperationDefinition RedriveDefinition => new()
    {
        Name = Redrive,
        Summary = "Makes a dead job ready again, with all its attempts.",
        Access = OperationAccess.Update,
        Parameters = [Queue, Job],
        Fields = [Ok("whether it was dead and the queue has room")],
        KeyParameters = ["queue"],
        Example = """{"ok":true}""",
    };

    private static OperationDefinition DiscardDefinition => new()
    {
        Name = Discard,
        Summary = "Drops a dead job for ever.",
        Access = OperationAccess.Update,
        Parameters = [Queue, Job],
        Fields = [Ok("whether it was dead")],
        KeyParameters = ["queue"],
        Example = """{"ok":true}""",
    };

    private static ParameterDefinition Queue => ParameterDefinition.Key("queue", "The queue's name.") with { Example = "\"mail\"" };

    private static ParameterDefinition Job => new("job", ValueType.Long, "The job's number.") { Minimum = 1, Example = "17" };

    private static ParameterDefinition Token => new("token", ValueType.Long, "The fencing token that take gave.") { Minimum = 1, Example = "18" };

    private static ParameterDefinition Lease => new("leaseSeconds", ValueType.Long, "For how many seconds; the setting leaseSecondsDefault where left out.")
    {
        IsOptional = true,
        Minimum = 1,
        Maximum = SecondsMax,
        Example = "30",
    };

    private static ParameterDefinition Delay => new("delaySeconds", ValueType.Long, "After how many seconds it is ready; at once where left out.")
    {
        IsOptional = true,
        Minimum = 1,
        Maximum = SecondsMax,
    };

    private static ParameterDefinition Limit => new("limit", ValueType.Long, "The most jobs wanted; 100 where left out.")
    {
        IsOptional = true,
        Minimum = 1,
        Maximum = AnswerJobsMax,
    };

    private static FieldDefinition JobNumber => new("job", ValueType.Long, "The job's number.") { IsStamp = true };

    private static FieldDefinition Body => new("body", ValueType.Json, "What is to be done.");

    private static FieldDefinition Attempts => new("attempts", ValueType.Long, "How often it was given out.");

    private static FieldDefinition Ok(string whether) => new("ok", ValueType.Bool, $"{char.ToUpperInvariant(whether[0])}{whether[1..]}.");

    private static FieldDefinition ExpiresAtMs(string whenNull) =>
        new("expiresAtMs", ValueType.Long, $"When the lease ends, in milliseconds since 1970-01-01 UTC; {whenNull}.", IsNullable: true);

    private static SettingDefinition Setting(string name, long value, long maximum, string summary) =>
        new(name, ValueType.Long, Value.Of(value), summary) { Minimum = 1, Maximum = maximum };
}
