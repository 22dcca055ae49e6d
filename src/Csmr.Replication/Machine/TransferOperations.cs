namespace Csmr.Replication.Machine;

/// <summary>
/// The operations that every group has beside those of its machine: its state is cut (R1), or replaced by another one that was
/// brought before, piece by piece (R2). No manifest can name them, so only gateways call them, as commands or as steps of composite
/// operations.
/// </summary>
public static class TransferOperations
{
    /// <summary>Keeps the state as of now, under an id, for whoever reads it at this replica.</summary>
    public const string Cut = "$cut";

    /// <summary>Begins to bring a state: another one that was being brought is dropped.</summary>
    public const string Stage = "$stage";

    /// <summary>Brings the next part of it.</summary>
    public const string Load = "$load";

    /// <summary>Tells whether all parts are there and make a state.</summary>
    public const string Ready = "$ready";

    /// <summary>The state that was brought takes the place of the present one.</summary>
    public const string Commit = "$commit";

    /// <summary>Drops the state that was being brought.</summary>
    public const string Discard = "$discard";

    private static readonly ParameterDefinition Id = new("id", ValueType.String, "What it is brought, or cut, for.");

    /// <summary>How they are read.</summary>
    internal static MachineDefinition Definition { get; } = new("$group", "What every group can do.",
    [
        Of(Cut, Id),
        Of(Stage, Id),
        Of(Load, Id, new ParameterDefinition("part", ValueType.Long, "Its number, from 0."), new ParameterDefinition("bytes", ValueType.Json, "The part; the bytes are no JSON.")),
        Of(Ready, Id, new ParameterDefinition("parts", ValueType.Long, "How many there are.")),
        Of(Commit, Id),
        Of(Discard, Id),
    ]);

    /// <summary>Packs a call.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>The packed invocation.</returns>
    public static byte[] Pack(string operation, params ReadOnlySpan<Value> arguments)
    {
        var writer = new WireWriter(64);
        Invocation.Pack(writer, operation, arguments);
        return writer.ToArray();
    }

    private static OperationDefinition Of(string name, params ParameterDefinition[] parameters) =>
        new() { Name = name, Summary = name, Access = OperationAccess.Update, Parameters = parameters, Fields = [] };
}
