using System.Globalization;
using System.Security.Cryptography;

namespace Csmr.Grains.Checkpoints;

/// <summary>The jobs of this silo: kept in memory, the last ones that have ended too. Safe for concurrent use.</summary>
/// <param name="clock">The time.</param>
internal sealed class JobList(TimeProvider clock)
{
    private const int RunningMax = 4;
    private const int KeptMax = 100;

    private readonly Lock _gate = new();
    private readonly List<Job> _jobs = [];

    /// <summary>All, the newest first.</summary>
    public IReadOnlyList<JobStatus> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _jobs.Select(static job => job.Status).Reverse()];
            }
        }
    }

    /// <summary>Begins a job.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="run">Does it.</param>
    /// <returns>The job.</returns>
    /// <exception cref="CheckpointRefusedException">Too many go on.</exception>
    public JobStatus Start(string kind, string checkpoint, Func<Job, Task> run)
    {
        var job = new Job(clock, new JobStatus { Id = NewId(), Kind = kind, Checkpoint = checkpoint, StartedAtMs = clock.GetUtcNow().ToUnixTimeMilliseconds() });
        lock (_gate)
        {
            if (_jobs.Count(static running => running.Status.State == JobState.Running) >= RunningMax)
            {
                throw new CheckpointRefusedException(CheckpointRefusal.NotHere, $"{RunningMax} jobs go on here already: wait for one of them to end");
            }

            _jobs.Add(job);
            if (_jobs.Count > KeptMax)
            {
                _jobs.Remove(_jobs.First(static ended => ended.Status.State != JobState.Running));
            }
        }

        _ = Task.Run(() => job.RunAsync(run));
        return job.Status;
    }

    /// <summary>A name that sorts by time and that no other silo draws.</summary>
    public string NewId() => string.Create(CultureInfo.InvariantCulture, $"{clock.GetUtcNow():yyyyMMdd-HHmmss}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3))}");
}

/// <summary>One job. Its status may be read at any time; it is changed by the job itself.</summary>
/// <param name="clock">The time.</param>
/// <param name="begun">How it begins.</param>
internal sealed class Job(TimeProvider clock, JobStatus begun)
{
    private volatile JobStatus _status = begun;

    /// <summary>How far it has come.</summary>
    public JobStatus Status => _status;

    /// <summary>A new phase begins.</summary>
    /// <param name="phase">Its name.</param>
    /// <param name="bytesTotal">Bytes that there are to deal with, where that is known.</param>
    public void Begin(string phase, long? bytesTotal = null) => _status = _status with { Phase = phase, BytesDone = 0, BytesTotal = bytesTotal };

    /// <summary>So many bytes more are dealt with.</summary>
    /// <param name="bytes">How many.</param>
    public void Advance(long bytes) => _status = _status with { BytesDone = _status.BytesDone + bytes };

    /// <summary>Does the work, and notes how it ends.</summary>
    /// <param name="work">The work.</param>
    /// <returns>Completes at the end.</returns>
    public async Task RunAsync(Func<Job, Task> work)
    {
        try
        {
            await work(this);
            End(JobState.Done, error: null);
        }
        catch (OutcomeUnknownException cause)
        {
            End(JobState.Unknown, cause.Message);
        }
        catch (Exception cause)
        {
            // Whatever it is: nobody waits for this task, the status tells.
            End(JobState.Failed, cause.Message);
        }
    }

    private void End(JobState state, string? error) =>
        _status = _status with { State = state, Error = error, EndedAtMs = clock.GetUtcNow().ToUnixTimeMilliseconds() };
}

/// <summary>It was sent, and nobody said what became of it.</summary>
/// <param name="message">What.</param>
internal sealed class OutcomeUnknownException(string message) : Exception(message);

/// <summary>It was not done.</summary>
/// <param name="message">Why, and what to do.</param>
internal sealed class NotDoneException(string message) : Exception(message);
