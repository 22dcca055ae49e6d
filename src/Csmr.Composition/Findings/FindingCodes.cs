namespace Csmr.Composition.Findings;

/// <summary>All kinds of findings. Codes are never reused; <c>docs/manifest.md</c> explains each, and a test keeps the two equal.</summary>
public static class FindingCodes
{
    private static readonly List<FindingCode> Codes = [];

    // ---- The text ----
    public static readonly FindingCode Unreadable = Error("CSMR0001", "The file cannot be read");
    public static readonly FindingCode TooLarge = Error("CSMR0002", "The file is larger than 1 MiB");
    public static readonly FindingCode NotYaml = Error("CSMR0003", "The text is not YAML");
    public static readonly FindingCode Tab = Error("CSMR0004", "A tab indents a line");
    public static readonly FindingCode Indirection = Error("CSMR0005", "An anchor, alias or tag");
    public static readonly FindingCode DuplicateKey = Error("CSMR0006", "A key is given twice");
    public static readonly FindingCode TooDeep = Error("CSMR0007", "The text is nested too deeply");
    public static readonly FindingCode SeveralDocuments = Error("CSMR0008", "The file holds several documents");
    public static readonly FindingCode Empty = Error("CSMR0009", "The file holds no manifest");

    // ---- Its structure ----
    public static readonly FindingCode UnknownKey = Error("CSMR0101", "There is no such key");
    public static readonly FindingCode MissingKey = Error("CSMR0102", "A key is missing");
    public static readonly FindingCode WrongKind = Error("CSMR0103", "A value is of the wrong kind");
    public static readonly FindingCode WrongChoice = Error("CSMR0104", "A value is none of those allowed");
    public static readonly FindingCode BadName = Error("CSMR0105", "A name has characters that names must not have");
    public static readonly FindingCode NothingGiven = Error("CSMR0106", "A list or map is empty that must not be");
    public static readonly FindingCode OutOfBounds = Error("CSMR0107", "A number is out of its bounds");
    public static readonly FindingCode NotOneStrategy = Error("CSMR0108", "Not exactly one of several keys is given");

    // ---- Files and names ----
    public static readonly FindingCode IncludeCycle = Error("CSMR0201", "Files include each other in a circle, or too many are included");
    public static readonly FindingCode DefinedTwice = Error("CSMR0202", "A name is defined twice");
    public static readonly FindingCode BadAssembly = Error("CSMR0203", "An assembly cannot be used");

    // ---- References ----
    public static readonly FindingCode UnknownService = Error("CSMR1001", "There is no such service or composition");
    public static readonly FindingCode UnknownMachine = Error("CSMR1002", "There is no such machine");
    public static readonly FindingCode UnknownOperation = Error("CSMR1003", "A machine, service or composition has no such operation");
    public static readonly FindingCode UnknownArgument = Error("CSMR1004", "An operation has no such argument");
    public static readonly FindingCode MissingArgument = Error("CSMR1005", "A step leaves a required argument out");
    public static readonly FindingCode WrongType = Error("CSMR1006", "A value is of the wrong type");
    public static readonly FindingCode UnknownReference = Error("CSMR1007", "An expression refers to something unknown");
    public static readonly FindingCode BadExpression = Error("CSMR1008", "An expression cannot be understood");
    public static readonly FindingCode MaybeNull = Error("CSMR1009", "A value that may be null is given where one is required");
    public static readonly FindingCode ConstantOutOfBounds = Error("CSMR1010", "A constant is out of an argument's bounds");
    public static readonly FindingCode RemovedOperation = Error("CSMR1011", "A step calls a removed operation");
    public static readonly FindingCode NoReturn = Error("CSMR1012", "An operation of several steps has no return");
    public static readonly FindingCode ClashingBounds = Error("CSMR1013", "The bounds of an argument leave no value");
    public static readonly FindingCode BadRefusalRule = Error("CSMR1014", "A rule for refusals stands where it cannot hold");
    public static readonly FindingCode BadForEach = Error("CSMR1015", "A step is made for the items of something else than a client's list");

    // ---- Compositions ----
    public static readonly FindingCode CompositionCycle = Error("CSMR1101", "Compositions are made of each other in a circle");
    public static readonly FindingCode NameClash = Error("CSMR1102", "Two operations have one name");
    public static readonly FindingCode NoReason = Error("CSMR1103", "A removed operation has no reason");
    public static readonly FindingCode NothingOffered = Error("CSMR1104", "A composition offers no operation");
    public static readonly FindingCode TooComplex = Error("CSMR1105", "An operation has too many steps, or compositions nest too deeply");
    public static readonly FindingCode AtomicBroken = Error("CSMR1107", "An independent operation calls an atomic one");

    // ---- Partitions ----
    public static readonly FindingCode Overlap = Error("CSMR1201", "Partitions overlap");
    public static readonly FindingCode Gap = Error("CSMR1202", "Partitions leave keys out");
    public static readonly FindingCode EmptyRange = Error("CSMR1203", "A range is empty or upside down");
    public static readonly FindingCode BadPartitionKey = Error("CSMR1204", "An argument cannot be a partition key");
    public static readonly FindingCode Affinity = Error("CSMR1205", "An operation touches more than the keys of its partition");
    public static readonly FindingCode KeyNotFromClient = Error("CSMR1206", "A partition key does not come from the client's arguments");
    public static readonly FindingCode PartitionsDiffer = Error("CSMR1207", "The partitions of a service offer different operations");

    // ---- Replication ----
    public static readonly FindingCode NotOddReplicas = Error("CSMR1301", "The number of replicas is not 2f + 1");
    public static readonly FindingCode TooManyWitnesses = Error("CSMR1302", "Too few replicas execute");
    public static readonly FindingCode TooFewNodes = Error("CSMR1303", "There are too few nodes");
    public static readonly FindingCode DuplicateNode = Error("CSMR1304", "A node is listed twice");
    public static readonly FindingCode UnknownNode = Error("CSMR1305", "There is no such node");
    public static readonly FindingCode WrongPlacement = Error("CSMR1306", "A placement lists the wrong number of nodes");
    public static readonly FindingCode UnknownSetting = Error("CSMR1307", "A machine has no such setting");
    public static readonly FindingCode BadSetting = Error("CSMR1308", "A setting has a wrong value");

    // ---- Worth a look ----
    public static readonly FindingCode UnusedService = Warning("CSMR2001", "A service is not used");
    public static readonly FindingCode UnusedComposition = Warning("CSMR2002", "A composition is not used");
    public static readonly FindingCode UnevenShares = Warning("CSMR2003", "Nodes carry very uneven shares");
    public static readonly FindingCode IdleNode = Warning("CSMR2004", "A node carries no replica");
    public static readonly FindingCode UnusedArgument = Warning("CSMR2005", "A client's argument is not used");

    /// <summary>All of them, in order.</summary>
    public static IReadOnlyList<FindingCode> All => Codes;

    private static FindingCode Error(string id, string title) => Add(new FindingCode(id, Severity.Error, title));

    private static FindingCode Warning(string id, string title) => Add(new FindingCode(id, Severity.Warning, title));

    private static FindingCode Add(FindingCode code)
    {
        Codes.Add(code);
        return code;
    }
}
