using System.Globalization;
using System.Text.RegularExpressions;
using Csmr.Chaos.Processes;
using Csmr.Deploy.Tests.Helm;

namespace Csmr.Deploy.Tests;

/// <summary>What can be said of the image without building it: it fits the chart, and both programs fit into one directory.</summary>
public sealed partial class ImageTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(ServerProcess.Root, "Dockerfile"));

    [Fact]
    public async Task Dockerfile_UserPortsAndPrograms_AreTheCharts()
    {
        Assert.SkipWhen(HelmTool.WhyNot is not null, HelmTool.WhyNot ?? "");
        var chart = await RenderedChart.OfAsync("minimal");
        var last = Lines[Array.FindLastIndex(Lines, static line => line.StartsWith("FROM ", StringComparison.Ordinal))..];
        Assert.All(ObjectChecks.Servers(chart), server =>
        {
            var security = server.Pod.Spec.SecurityContext;
            Assert.Contains($"USER {security.RunAsUser}:{security.RunAsGroup}", last);
            Assert.Contains($"ENTRYPOINT [\"{server.Container.Command[0]}\"]", last);
            var ports = last.Single(static line => line.StartsWith("EXPOSE ", StringComparison.Ordinal)).Split(' ')[1..];
            Assert.Equal(ports, server.Container.Ports.Select(static port => port.ContainerPort.ToString(CultureInfo.InvariantCulture)));
        });
    }

    [Fact]
    public void Dockerfile_WhatItPublishes_IsInItsContext()
    {
        var published = string.Join('\n', Lines);
        var projects = Publish().Matches(published).Select(static match => match.Groups["project"].Value).ToArray();
        Assert.Equal(["src/Csmr.Server", "src/Csmr.Cli"], projects);
        string[] let = [.. File.ReadAllLines(Path.Combine(ServerProcess.Root, ".dockerignore")).Where(static line => line.StartsWith('!')).Select(static line => line[1..])];
        Assert.All(let, static path => Assert.True(Path.Exists(Path.Combine(ServerProcess.Root, path)), path));
        Assert.Contains("src/", let);
        string[] needed = ["Directory.Build.props", "Directory.Packages.props", ".editorconfig", "global.json"];
        Assert.All(needed, path => Assert.Contains(path, let));
    }

    /// <summary>What both have, they have alike: whoever is copied last changes nothing for the other.</summary>
    [Fact]
    public void ServerAndCommand_InOneDirectory_ShareTheirLibraries()
    {
        var (server, cli) = (OutputOf("Csmr.Server"), OutputOf("Csmr.Cli"));
        var shared = Directory.GetFiles(cli).Select(static file => Path.GetFileName(file)).Where(file => File.Exists(Path.Combine(server, file))).ToArray();
        Assert.Contains("Csmr.Composition.dll", shared);
        Assert.All(shared, file => Assert.True(
            File.ReadAllBytes(Path.Combine(server, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(cli, file))), file));
    }

    /// <summary>Where a project was built to.</summary>
    internal static string OutputOf(string project) => Path.Combine(ServerProcess.Root, "artifacts", "bin", project, ServerProcess.Configuration);

    [GeneratedRegex(@"dotnet publish (?<project>\S+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Publish();
}
