using Csmr.Composition.Plans;
using Csmr.Composition.Programs;
using Csmr.Replication.Ports;

namespace Csmr.Grains.Replicas;

/// <summary>The programs of composite operations, as the replicated layer asks for them.</summary>
public sealed class CompositeLanguage : ICompositeLanguage
{
    /// <inheritdoc/>
    public ICompositeRun Start(ReadOnlyMemory<byte> program) => new Run(new ProgramRun(CompositeProgram.Read(program)));

    /// <summary>The end of a step, for the gateway's run.</summary>
    /// <param name="result">The result that a group sent.</param>
    /// <returns>The same, as the model has it.</returns>
    internal static StepEnd ToEnd(in StepResult result) => result.Kind switch
    {
        StepResultKind.Skipped => StepEnd.Skipped,
        StepResultKind.NotReached => StepEnd.NotReached,
        _ => StepEnd.Of(result.Outcome!),
    };

    private static StepResult ToResult(in StepEnd end) => end.State switch
    {
        StepState.Skipped => new StepResult(StepResultKind.Skipped, null),
        StepState.NotReached => new StepResult(StepResultKind.NotReached, null),
        _ => StepResult.Of(end.Outcome!),
    };

    private static ReadOnlyMemory<byte> Pack(string operation, Value[] arguments)
    {
        var writer = new WireWriter(64);
        Invocation.Pack(writer, operation, arguments);
        return writer.ToArray();
    }

    private sealed class Run(ProgramRun run) : ICompositeRun
    {
        public int StepCount => run.Program.Steps.Count;

        public int GroupOf(int step) => run.Program.Steps[step].Group;

        public ReadOnlyMemory<byte>? Preview(int step)
        {
            // Not "… ? … : null": that null would be empty memory, and an empty invocation touches nothing.
            if (run.Preview(step) is { } arguments)
            {
                return Pack(run.Program.Steps[step].Operation, arguments);
            }

            return null;
        }

        public bool TryNext(int group, out CompositeStep step)
        {
            if (!run.TryNext(group, out var turn))
            {
                step = default;
                return false;
            }

            step = turn.Decided is { } end
                ? new CompositeStep(turn.Index, default, ToResult(end))
                : new CompositeStep(turn.Index, Pack(run.Program.Steps[turn.Index].Operation, turn.Arguments), null);
            return true;
        }

        public void Settle(int step, StepResult result) => run.Settle(step, ToEnd(result));

        public bool IsNeededBy(int step, int group) => run.IsNeededBy(step, group);

        public bool IsFinished(int group) => run.IsFinished(group);
    }
}
