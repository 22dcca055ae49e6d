using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Csmr.Chaos.Processes;

/// <summary>
/// A process, with all that it starts, in a group of its own. It does not outlive the harness: the system kills it when the
/// thread that started it ends, and that is the last thing that happens here, however the harness ends.
/// </summary>
public sealed class OwnedProcess : IAsyncDisposable
{
    public const int SignalInterrupt = 2;
    public const int SignalQuit = 3;
    public const int SignalKill = 9;
    public const int SignalTerminate = 15;
    public const int SignalContinue = 18;
    public const int SignalStop = 19;

    private const int LinesMax = 20_000;

    private static readonly BlockingCollection<Action> Starts = [];

    private readonly ConcurrentQueue<string> _lines = [];
    private readonly Process _process;
    private readonly StreamWriter? _log;
    private int? _exitCode;

    static OwnedProcess()
    {
        var starter = new Thread(static () =>
        {
            foreach (var start in Starts.GetConsumingEnumerable())
            {
                start();
            }
        })
        {
            IsBackground = true,
            Name = "starts processes",
        };
        starter.Start();
    }

    private OwnedProcess(Process process, string? logFile)
    {
        _process = process;
        _log = logFile is null ? null : new StreamWriter(new FileStream(logFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        process.OutputDataReceived += (_, line) => Keep("", line.Data);
        process.ErrorDataReceived += (_, line) => Keep("stderr: ", line.Data);
    }

    /// <summary>The id of the process, and of its group.</summary>
    public int Id => _process.Id;

    public bool HasExited => _exitCode is not null || _process.HasExited;

    public int ExitCode => _exitCode ?? _process.ExitCode;

    /// <summary>What it has said, the last lines of it where that is very much.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>The last lines of what it has said.</summary>
    public string Tail => string.Join('\n', _lines.TakeLast(20));

    /// <summary>Starts a process.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="place">Its surroundings; the harness's own where null.</param>
    /// <param name="workingDirectory">Where it starts.</param>
    /// <param name="logFile">Gets all lines too; none where null.</param>
    /// <param name="user">The number of the user it runs as; the harness's where null.</param>
    public static OwnedProcess Start(
        IReadOnlyList<string> command, Place? place = null, string? workingDirectory = null, string? logFile = null, int? user = null)
    {
        ArgumentNullException.ThrowIfNull(command);
        var start = new ProcessStartInfo("setsid")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = workingDirectory ?? "/",
        };

        // What changes the process's rights forgets the wish to die with its parent, so the wish comes last.
        string[] asUser = user is { } id ? [$"--reuid={id}", $"--regid={id}", "--clear-groups"] : [];
        foreach (var word in (string[])["setpriv", .. asUser, "--pdeathsig", "KILL", .. place?.Wrapper ?? [], .. command])
        {
            start.ArgumentList.Add(word);
        }

        foreach (var (name, value) in place?.Environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        var process = new OwnedProcess(new Process { StartInfo = start }, logFile);
        process.Run();
        return process;
    }

    /// <summary>Sends a signal to the process and all that it has started.</summary>
    public void Signal(int signal)
    {
        if (!HasExited)
        {
            _ = Kill(-_process.Id, signal);
        }
    }

    /// <summary>
    /// SIGSTOP, and waits until every thread stands still: the signal reaches one of them, which stops the others only when it gets
    /// its turn on a busy machine.
    /// </summary>
    public async Task StopAsync()
    {
        Signal(SignalStop);
        var stands = await Wait.UntilAsync(TimeSpan.FromMinutes(1), () => Task.FromResult(HasExited || StandsStill()));
        HarnessException.Require(stands, () => $"process {Id} does not stand still after SIGSTOP");
    }

    /// <summary>Waits for the end of the process.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan limit)
    {
        if (_exitCode is { } known)
        {
            return known;
        }

        using var timeout = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new HarnessException($"process {Id} ({string.Join(' ', _process.StartInfo.ArgumentList)}) did not end within {limit}:\n{Tail}");
        }

        return _process.ExitCode;
    }

    /// <summary>Kills it with all that it has started and waits for the end.</summary>
    public async Task KillAsync()
    {
        Signal(SignalKill);
        await WaitForExitAsync(TimeSpan.FromMinutes(1));
    }

    // The state stands behind the name, which is in parentheses and may hold anything.
    private bool StandsStill() => Directory.GetDirectories($"/proc/{Id}/task").All(static task =>
    {
        var status = File.ReadAllText(Path.Combine(task, "stat"));
        return status[status.LastIndexOf(')') + 2] is 'T' or 't' or 'Z' or 'X';
    });

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _exitCode ??= _process.ExitCode;
        _process.Dispose();
        if (_log is not null)
        {
            await _log.DisposeAsync();
        }
    }

    /// <summary>Starts it from the one thread that lives as long as the harness: the system ties the process to that thread.</summary>
    private void Run()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Starts.Add(() =>
        {
            try
            {
                _process.Start();
                started.SetResult();
            }
            catch (Exception cause)
            {
                started.SetException(cause);
            }
        });
        started.Task.Wait();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(string prefix, string? line)
    {
        if (line is null)
        {
            return;
        }

        _lines.Enqueue(prefix + line);
        if (_lines.Count > LinesMax)
        {
            _lines.TryDequeue(out _);
        }

        if (_log is not null)
        {
            lock (_log)
            {
                _log.WriteLine($"{DateTime.UtcNow:HH:mm:ss.fff} {prefix}{line}");
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
