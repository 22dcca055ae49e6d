using System.Diagnostics;

namespace Csmr.TestKit.Simulation;

/// <summary>Many runs of one engine, on all cores: seeds from a first one on, until there are enough or the time is over.</summary>
/// <param name="Engine">What runs.</param>
/// <param name="Runs">How many runs there were.</param>
/// <param name="Events">Their events or steps.</param>
/// <param name="Answers">Their answers.</param>
/// <param name="VirtualUs">Their virtual time.</param>
/// <param name="Elapsed">The time it took.</param>
/// <param name="Failures">The runs that broke something, by seed; the lowest ones.</param>
/// <param name="Probes">The rare paths reached.</param>
public sealed record Campaign(
    string Engine,
    long Runs,
    long Events,
    long Answers,
    long VirtualUs,
    TimeSpan Elapsed,
    IReadOnlyList<RunOutcome> Failures,
    Probes Probes)
{
    /// <summary>Runs.</summary>
    /// <param name="engine">The engine's name.</param>
    /// <param name="firstSeed">The first seed.</param>
    /// <param name="runs">How many runs at most.</param>
    /// <param name="limit">How long at most.</param>
    /// <param name="failuresMax">After how many failures it ends.</param>
    /// <param name="worker">Makes, for one worker and its probes, what runs a seed.</param>
    /// <returns>What happened.</returns>
    public static Campaign Run(string engine, ulong firstSeed, long runs, TimeSpan limit, int failuresMax, Func<Probes, Func<ulong, RunOutcome>> worker)
    {
        var probes = new Probes();
        var failures = new List<RunOutcome>();
        var started = Stopwatch.GetTimestamp();
        long next = -1, done = 0, events = 0, answers = 0, virtualUs = 0;
        var stop = false;
        var threads = new Thread[Environment.ProcessorCount];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Work) { IsBackground = true };
            threads[i].Start();
        }

        Array.ForEach(threads, thread => thread.Join());
        failures.Sort((left, right) => left.Seed.CompareTo(right.Seed));
        return new Campaign(engine, done, events, answers, virtualUs, Stopwatch.GetElapsedTime(started), failures, probes);

        void Work()
        {
            var own = new Probes();
            var run = worker(own);
            while (!Volatile.Read(ref stop) && Stopwatch.GetElapsedTime(started) < limit)
            {
                var index = Interlocked.Increment(ref next);
                if (index >= runs)
                {
                    break;
                }

                var outcome = run(firstSeed + (ulong)index);
                Interlocked.Increment(ref done);
                Interlocked.Add(ref events, outcome.Events);
                Interlocked.Add(ref answers, outcome.Answers);
                Interlocked.Add(ref virtualUs, outcome.VirtualUs);
                if (outcome.Violation is not null)
                {
                    lock (failures)
                    {
                        failures.Add(outcome);
                        Volatile.Write(ref stop, failures.Count >= failuresMax);
                    }
                }
            }

            lock (probes)
            {
                probes.Add(own);
            }
        }
    }

    /// <summary>The closing line.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{Engine}: {Runs:n0} runs in {Elapsed.TotalSeconds:n1} s ({Runs / Elapsed.TotalSeconds:n0}/s), {Events:n0} events, {Answers:n0} answers"
        + (VirtualUs > 0 ? $", {VirtualUs / 1e6 / Elapsed.TotalSeconds:n0} times real time" : "") + $", {Failures.Count} failures";
}
