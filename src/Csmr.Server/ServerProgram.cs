using System.Runtime.InteropServices;
using Csmr.Composition.Plans;
using Csmr.Server.Hosting;
using Csmr.Server.Options;
using Csmr.Server.Plans;

namespace Csmr.Server;

/// <summary>
/// The process: reads flags and manifest, starts its silos, says where they are, and stops them on a signal. Whatever keeps
/// it from that ends as one line that says what to do, and an exit code.
/// </summary>
internal static class ServerProgram
{
    /// <summary>Runs the server until it is told to stop.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="output">For what it says.</param>
    /// <param name="errors">For what keeps it from running.</param>
    /// <returns>The exit code: 0 after an ordered stop, 2 for what the caller has to change, 1 for other trouble.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        try
        {
            var options = CommandLine.Read(arguments, Environment.GetEnvironmentVariable);
            if (options.IsHelp)
            {
                await output.WriteLineAsync(CommandLine.Usage);
                return 0;
            }

            await RunAsync(options, output, stop.Token);
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception cause)
        {
            var failure = StartFailures.Explain(cause);
            await errors.WriteLineAsync($"csmr: {failure.Message}");
            return failure.ExitCode;
        }
    }

    private static async Task RunAsync(ServerOptions options, TextWriter output, CancellationToken stop)
    {
        var plan = PlanReader.Read(options.Manifest, output);
        await using var silos = new SiloSet(await SiloPlanner.MakeAsync(options, plan, output, stop));
        await silos.StartAsync(stop);
        await Banner.WriteAsync(options, plan, silos, output, stop);
        await silos.UntilStopAsync(stop);
        await Drain.RunAsync(silos, TimeSpan.FromSeconds(options.DrainSeconds), output);
        await output.WriteLineAsync("Stopping ...");
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        // The first signal stops in order; a second one takes its usual way.
        signal.Cancel = !stop.IsCancellationRequested;
        try
        {
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was stopping already.
        }
    }
}
