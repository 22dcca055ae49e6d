using Csmr.Composition.Plans;
using Csmr.Composition.Programs;
using Csmr.Replication.Machine;

namespace Csmr.Grains.Checkpoints;

/// <summary>The composite operations that cut, or replace, the states of several groups at one point of their common order.</summary>
internal static class TransferPrograms
{
    /// <summary>R1: one step at each group, which touches everything there.</summary>
    /// <param name="groups">The groups, in order of their names.</param>
    /// <param name="id">What the cuts are made for.</param>
    /// <returns>The program; a step's position is its group's.</returns>
    public static CompositeProgram Cut(IReadOnlyList<GroupPlan> groups, string id) =>
        new(groups.Count, [.. groups.Select((group, position) => Step(group, position, TransferOperations.Cut, mayBeRefused: false, Value.Of(id)))]);

    /// <summary>R2: first each group tells that everything is there, which may be refused; then each replaces its state, which cannot.</summary>
    /// <param name="groups">The groups, in order of their names, each with the number of its parts.</param>
    /// <param name="id">What the states were brought for.</param>
    /// <returns>The program.</returns>
    public static CompositeProgram Commit(IReadOnlyList<(GroupPlan Group, long Parts)> groups, string id) => new(groups.Count,
    [
        .. groups.Select((target, position) => Step(target.Group, position, TransferOperations.Ready, mayBeRefused: true, Value.Of(id), Value.Of(target.Parts))),
        .. groups.Select((target, position) => Step(target.Group, position, TransferOperations.Commit, mayBeRefused: false, Value.Of(id))),
    ]);

    private static ProgramStep Step(GroupPlan group, int position, string operation, bool mayBeRefused, params Value[] arguments) => new()
    {
        Group = position,
        Id = operation,
        Service = group.Service,
        Operation = operation,
        Arguments = [.. arguments.Select(static argument => new ProgramArgument(new ConstantExpression(argument, argument.Kind == ValueKind.Long ? ValueType.Long : ValueType.String), null))],
        MayBeRefused = mayBeRefused,
        NamesItsState = true,
    };
}
