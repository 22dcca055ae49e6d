using Csmr.Server.Options;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Csmr.Server.Hosting;

/// <summary>The silos of this process.</summary>
internal sealed class SiloSet : IAsyncDisposable
{
    private readonly List<SiloNode> _nodes = [];

    /// <summary>Opens every silo: takes its directory and reads its journal.</summary>
    /// <param name="settings">Who and where they are.</param>
    public SiloSet(IReadOnlyList<SiloSettings> settings) => Settings = settings;

    /// <summary>Who and where they are.</summary>
    public IReadOnlyList<SiloSettings> Settings { get; }

    /// <summary>How long one of them may take to stop: longer than the stop itself allows its parts.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The services of the silo that serves REST; of the first one, where none does.</summary>
    public IServiceProvider Services => (_nodes.Find(static node => node.Settings.Urls is not null) ?? _nodes[0]).Host.Services;

    /// <summary>Starts all silos.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Completes when they take calls.</returns>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        FreePorts.Require(Settings);
        foreach (var settings in Settings)
        {
            _nodes.Add(SiloNode.Open(settings));
        }

        try
        {
            await Task.WhenAll(_nodes.Select(node => node.StartAsync(cancellationToken)));
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Orleans has its own words for a start that was called off.
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>Waits until the process is to stop.</summary>
    /// <param name="stop">Cancelled by a signal.</param>
    /// <returns>Completes when it is told to stop.</returns>
    /// <exception cref="StartException">A silo cannot go on.</exception>
    public async Task UntilStopAsync(CancellationToken stop)
    {
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(signal.SetResult);
        var failures = _nodes.Select(static node => node.Failed).ToArray();
        var endings = _nodes.Select(static node => UntilStoppingAsync(node)).ToArray();
        var first = await Task.WhenAny([signal.Task, .. failures, .. endings]);
        if (Array.Find(failures, failure => failure == first) is { } failure)
        {
            throw new StartException(StartException.Trouble, (await failure).Message);
        }

        if (Array.IndexOf(endings, first) is >= 0 and var index)
        {
            throw new StartException(StartException.Trouble, $"silo {_nodes[index].Settings.Name} stopped by itself; the lines above say why");
        }
    }

    /// <summary>
    /// Stops all silos, those that serve REST first. One that does not stop is left behind: the process must end, or its supervisor does
    /// not start another one.
    /// </summary>
    /// <returns>Completes when nothing runs any more, or has had its time.</returns>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Where(static node => node.Settings.Directory is null))
        {
            await StopAsync(node);
        }

        await Task.WhenAll(_nodes.Where(static node => node.Settings.Directory is not null).Select(StopAsync));
    }

    private async Task StopAsync(SiloNode node)
    {
        try
        {
            await node.DisposeAsync().AsTask().WaitAsync(StopLimit);
        }
        catch (TimeoutException)
        {
            await Console.Error.WriteLineAsync(
                $"csmr: silo {node.Settings.Name} has not stopped within {StopLimit.TotalSeconds:0.#} s; the process ends all the same. What was acknowledged is on the disk.");
        }
    }

    private static Task UntilStoppingAsync(SiloNode node)
    {
        var ending = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(ending.SetResult);
        return ending.Task;
    }
}
