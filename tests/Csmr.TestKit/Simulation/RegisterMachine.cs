using System.Buffers;
using Csmr.TestKit.Checking;

namespace Csmr.TestKit.Simulation;

/// <summary>The state machine of simulated groups: registers by key that count their changes. Independent of the shipped machines.</summary>
public sealed class RegisterMachineType : IStateMachineType
{
    /// <summary>The operations, by <see cref="RegisterCallKind"/>.</summary>
    public static OperationDefinition[] Operations { get; } =
    [
        Operation("read", OperationAccess.Read),
        Operation("put", OperationAccess.Update),
        Operation("add", OperationAccess.Update),
        Operation("swap", OperationAccess.Update),
    ];

    /// <summary>The only one.</summary>
    public static RegisterMachineType Instance { get; } = new();

    /// <inheritdoc/>
    public MachineDefinition Definition { get; } = new("register", "Registers that count their changes.", Operations);

    /// <inheritdoc/>
    public IStateMachine Create(MachineSettings settings) => new RegisterMachine();

    private static OperationDefinition Operation(string name, OperationAccess access) => new()
    {
        Name = name,
        Summary = name,
        Access = access,
        Parameters = [ParameterDefinition.Key("key", "The register."), new ParameterDefinition("item", ValueType.Long, "The value.")],
        Fields = [new FieldDefinition("value", ValueType.Long, "The value."), new FieldDefinition("changes", ValueType.Long, "The changes.")],
        KeyParameters = ["key"],
    };

    private sealed class RegisterMachine : IStateMachine
    {
        private readonly RegisterModel _model = new();
        private readonly SortedDictionary<string, RegisterAnswer> _registers = new(StringComparer.Ordinal);

        public Outcome Apply(Invocation invocation, in ApplyContext context)
        {
            var kind = (RegisterCallKind)Array.IndexOf(Operations, invocation.Operation);
            var key = invocation[0].AsString();
            _registers.TryGetValue(key, out var state);
            var after = _model.Apply(state, new RegisterCall(kind, invocation[1].AsLong()), out var answer);
            if (kind != RegisterCallKind.Read)
            {
                _registers[key] = after;
            }

            return Outcome.Done(Value.Of(answer.Value), Value.Of(answer.Changes));
        }

        public Footprint FootprintOf(Invocation invocation) =>
            invocation.Operation.Access == OperationAccess.Read ? Footprint.Read(invocation[0].AsString()) : Footprint.Write(invocation[0].AsString());

        public void Snapshot(IBufferWriter<byte> output)
        {
            var writer = (WireWriter)output;
            writer.VarUInt((uint)_registers.Count);
            foreach (var (key, state) in _registers)
            {
                writer.String(key);
                writer.VarInt(state.Value);
                writer.VarInt(state.Changes);
            }
        }

        public void Restore(ReadOnlyMemory<byte> snapshot)
        {
            var reader = new WireReader(snapshot);
            _registers.Clear();
            for (var left = reader.Count(3); left > 0; left--)
            {
                _registers.Add(reader.String(), new RegisterAnswer(reader.VarInt(), reader.VarInt()));
            }
        }
    }
}
