using System.Runtime.Versioning;
using Csmr.Storage.Tests.Processes;
using Xunit.MicrosoftTestingPlatform;

[assembly: SupportedOSPlatform("linux")]

namespace Csmr.Storage.Tests;

/// <summary>The test program; with a first argument of its own, the child process of a test.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args) => args switch
    {
        [JournalChild.Verb, var directory] => await JournalChild.RunAsync(directory),
        [SnapshotChild.Verb, var directory] => await SnapshotChild.RunAsync(directory),
        _ => await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
    };
}
