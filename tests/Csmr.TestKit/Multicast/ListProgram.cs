using Csmr.Replication.Ports;

namespace Csmr.TestKit.Multicast;

/// <summary>A step of a simulated composite operation.</summary>
/// <param name="Group">The position of its group.</param>
/// <param name="Invocation">The packed invocation.</param>
/// <param name="After">The earlier step on whose result it hangs, or -1: it is skipped where that one's first list has an odd length.</param>
public readonly record struct ListStep(int Group, byte[] Invocation, int After);

/// <summary>The language of simulated composite operations.</summary>
public sealed class ListLanguage : ICompositeLanguage
{
    /// <summary>The only one.</summary>
    public static ListLanguage Instance { get; } = new();

    /// <summary>Packs a program.</summary>
    /// <param name="steps">The steps.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Pack(IReadOnlyList<ListStep> steps)
    {
        var writer = new WireWriter();
        writer.VarUInt((uint)steps.Count);
        foreach (var step in steps)
        {
            writer.VarUInt((uint)step.Group);
            writer.VarInt(step.After);
            writer.Bytes(step.Invocation);
        }

        return writer.ToArray();
    }

    /// <inheritdoc/>
    public ICompositeRun Start(ReadOnlyMemory<byte> program)
    {
        var reader = new WireReader(program);
        var steps = new ListStep[reader.Count(3)];
        for (var i = 0; i < steps.Length; i++)
        {
            var (group, after) = ((int)reader.Number(), (int)reader.VarInt());
            steps[i] = new ListStep(group, reader.Bytes().ToArray(), after);
        }

        reader.End();
        return new Run(steps);
    }

    private sealed class Run(ListStep[] steps) : ICompositeRun
    {
        private readonly StepResult?[] _results = new StepResult?[steps.Length];

        public int StepCount => steps.Length;

        public int GroupOf(int step) => steps[step].Group;

        public ReadOnlyMemory<byte>? Preview(int step) => steps[step].Invocation;

        public bool TryNext(int group, out CompositeStep step)
        {
            for (var i = 0; i < steps.Length; i++)
            {
                var (owner, invocation, after) = steps[i];
                if (owner == group && _results[i] is null && (after < 0 || _results[after] is not null))
                {
                    var isSkipped = after >= 0 && (_results[after]!.Value.Outcome is not { } outcome || ListMachineType.ListsOf(outcome).First().Items.Length % 2 == 1);
                    step = new CompositeStep(i, invocation, isSkipped ? new StepResult(StepResultKind.Skipped, null) : null);
                    return true;
                }
            }

            step = default;
            return false;
        }

        public void Settle(int step, StepResult result)
        {
            if (_results[step] is not null)
            {
                throw new InvalidOperationException($"step {step} is settled twice");
            }

            _results[step] = result;
        }

        public bool IsNeededBy(int step, int group) => steps.Any(other => other.Group == group && other.After == step);

        public bool IsFinished(int group) => !steps.Where((step, i) => step.Group == group && _results[i] is null).Any();
    }
}
