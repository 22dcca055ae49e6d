using System.Diagnostics;

namespace Csmr.Chaos.Processes;

/// <summary>Waiting for conditions.</summary>
public static class Wait
{
    /// <summary>Waits for a condition; connection errors count as "not yet".</summary>
    /// <returns>Whether it came to hold within the limit.</returns>
    public static async Task<bool> UntilAsync(TimeSpan limit, Func<Task<bool>> condition, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < limit)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (await condition())
                {
                    return true;
                }
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException or IOException)
            {
                // Not yet.
            }

            await Task.Delay(50, cancellationToken); // pause: between two looks at a condition
        }

        return false;
    }
}
