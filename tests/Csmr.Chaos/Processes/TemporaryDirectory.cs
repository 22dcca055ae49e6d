namespace Csmr.Chaos.Processes;

/// <summary>An empty directory that goes with its owner.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    /// <summary>Whether it is left where it is.</summary>
    public bool IsKept { get; set; }

    public string Path { get; } = Directory.CreateTempSubdirectory("csmr-test-").FullName;

    public string Sub(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        if (IsKept)
        {
            return;
        }

        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that is being killed may still hold a file: the system cleans its temporary directory.
        }
    }
}
