using System.Text.Json;
using Csmr.Chaos.Histories;

namespace Csmr.Chaos.Loads;

/// <summary>One client: calls one after the other, each repeated by its key until it is settled or given up.</summary>
public sealed class LoadClient(string name, ICaller caller, IWorkload workload, History history, LoadOptions options, Action<string> surprise)
{
    private readonly Random _pauses = new(name.Length);

    /// <summary>Calls until told to stop; the call under way is brought to its end.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var request = workload.Next();
            workload.Learn(request, await CallAsync(request));
            var pause = TimeSpan.FromMilliseconds(_pauses.Next((2 * options.PauseMs) + 1));
            await Task.Delay(pause, stop).ContinueWith(static _ => { }, TaskScheduler.Default); // pause: the load is not meant to fill the machine
        }
    }

    /// <summary>Makes one call and records it.</summary>
    public async Task<TryResult> CallAsync(CallRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var firstSentUs = history.NowUs;
        var (tries, mayBeDone) = (0, false);
        while (true)
        {
            var sentUs = history.NowUs;
            var result = await TryAsync(request);
            tries++;
            mayBeDone |= result.End is TryEnd.Unknown or TryEnd.Surprise;
            var isOver = caller.Repeats || history.NowUs - firstSentUs > options.GiveUpAfter.TotalMicroseconds;
            if (result.End is TryEnd.Ok or TryEnd.Refused or TryEnd.Surprise || isOver)
            {
                Record(request, result, request.IsRead ? sentUs : firstSentUs, tries, mayBeDone);
                return result;
            }

            await Task.Delay(options.RetryPauseMs); // pause: before the call is tried again
        }
    }

    private async Task<TryResult> TryAsync(CallRequest request)
    {
        try
        {
            return await caller.TryAsync(request, CancellationToken.None);
        }
        catch (Exception error)
        {
            return new TryResult(TryEnd.Surprise, Detail: $"the client threw {error}");
        }
    }

    private void Record(CallRequest request, TryResult result, long calledAtUs, int tries, bool mayBeDone)
    {
        var end = result.End switch
        {
            TryEnd.Ok => CallEnd.Ok,
            TryEnd.Refused => CallEnd.Refused,
            _ => mayBeDone ? CallEnd.Unknown : CallEnd.NotDone,
        };
        if (result.End == TryEnd.Surprise)
        {
            surprise($"{name}: {request.Operation} {JsonSerializer.Serialize(request.Arguments)}: {result.Detail}");
        }

        history.Add(new CallRecord
        {
            Client = name,
            Operation = request.Operation,
            Arguments = JsonSerializer.SerializeToElement(request.Arguments),
            IsRead = request.IsRead,
            RequestId = request.IsRead ? "" : result.RequestId is { Length: > 0 } told && caller.Repeats ? told : RequestIds.OfKey(request.Key),
            CalledAtUs = calledAtUs,
            ReturnedAtUs = history.NowUs,
            End = end,
            Answer = result.Answer,
            Slots = result.Slots ?? [],
            Tries = tries,
        });
    }
}
