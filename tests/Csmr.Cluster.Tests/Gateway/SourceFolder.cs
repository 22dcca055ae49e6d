namespace Csmr.Cluster.Tests.Gateway;

/// <summary>Files of the repository that tests read.</summary>
internal static class SourceFolder
{
    /// <summary>The path of a file or folder, given from the repository's root.</summary>
    public static string At(params string[] parts)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "CsmrOrleans.sln")))
            {
                return Path.Combine([folder.FullName, .. parts]);
            }
        }

        throw new InvalidOperationException($"No CsmrOrleans.sln above {AppContext.BaseDirectory}.");
    }
}
