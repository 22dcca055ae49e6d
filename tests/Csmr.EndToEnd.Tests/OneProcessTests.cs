using System.Net;
using Csmr.Chaos.Audit;
using Csmr.Chaos.Processes;

namespace Csmr.EndToEnd.Tests;

/// <summary>The main job: one command, three silos and the gateway in one process, durable.</summary>
public sealed class OneProcessTests
{
    [Fact]
    public async Task Server_KilledUnderLoadAndRestarted_NothingLostNothingDoubled()
    {
        using var data = new TemporaryDirectory();
        var server = await ServerProcess.StartReadyAsync("--data", data.Path);
        await using var load = new Load(() => server.Http);
        load.Start(writers: 4);
        for (var kill = 0; kill < 3; kill++)
        {
            await load.WaitForAsync(100, TimeSpan.FromMinutes(2));
            await server.KillAsync();
            var old = server;
            server = await ServerProcess.StartReadyAsync("--data", data.Path);
            await old.DisposeAsync();
        }

        await load.WaitForAsync(100, TimeSpan.FromMinutes(2));
        await load.StopAsync();
        await AuditedStore.CheckNothingLostNothingDoubledAsync(server.Http, load);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Server_Interrupted_StopsCleanlyAndKeepsItsData()
    {
        using var data = new TemporaryDirectory();
        await using (var first = await ServerProcess.StartReadyAsync("--data", data.Path))
        {
            await first.Http.CallAsync("put", new { key = "banana", value = "yellow" });
            Assert.Equal(0, await first.InterruptAsync());
            Assert.Contains("curl", first.Output, StringComparison.Ordinal);
            Assert.Contains("/swagger", first.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", first.Output, StringComparison.Ordinal);
        }

        await using var second = await ServerProcess.StartReadyAsync("--data", data.Path);
        Assert.Equal("yellow", (await second.Http.CallAsync("get", new { key = "banana" })).GetProperty("result").GetString());
    }

    [Theory]
    [InlineData(500)]
    [InlineData(1000)]
    [InlineData(1500)]
    [InlineData(2000)]
    [InlineData(2500)]
    [InlineData(3000)]
    public async Task Server_TerminatedWhileStarting_StopsWithoutComplaint(int afterMs)
    {
        using var data = new TemporaryDirectory();
        await using var server = ServerProcess.Start(null, "--data", data.Path, "--urls", $"http://127.0.0.1:{FreePorts.Next()}");
        await Task.Delay(afterMs); // pause: the moment of the signal is what is tested

        // 143: so early that the program did not listen to signals yet.
        Assert.Contains(await server.TerminateAsync(), new[] { 0, 143 });
        Assert.DoesNotContain("csmr:", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Operations_OfTheSample_WorkAsDocumented()
    {
        using var data = new TemporaryDirectory();
        await using var server = await ServerProcess.StartReadyAsync("--data", data.Path);
        foreach (var key in new[] { "apple", "melon", "n", "zebra", "Ümlaut", "0" })
        {
            Assert.True((await server.Http.CallAsync("put", new { key, value = $"of {key}" })).GetProperty("result").GetBoolean());
            Assert.Equal($"of {key}", (await server.Http.CallAsync("get", new { key })).GetProperty("result").GetString());
        }

        Assert.Equal(6, (await AuditedStore.AuditAsync(server.Http)).Count);
        Assert.True((await server.Http.CallAsync("delete", new { key = "n" })).GetProperty("result").GetBoolean());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await server.Http.CallAsync("get", new { key = "n" })).GetProperty("result").ValueKind);
        Assert.True((await server.Http.CallAsync("acquire", new { key = "job" })).GetProperty("result").GetBoolean());
        Assert.False((await server.Http.CallAsync("acquire", new { key = "job" })).GetProperty("result").GetBoolean());
        Assert.True((await server.Http.CallAsync("release", new { key = "job" })).GetProperty("result").GetBoolean());
    }

    [Fact]
    public async Task SecondServer_SameData_RefusedInOneLine()
    {
        using var data = new TemporaryDirectory();
        await using var first = await ServerProcess.StartReadyAsync("--data", data.Path);
        await using var second = ServerProcess.Start(null, "--data", data.Path, "--urls", $"http://127.0.0.1:{FreePorts.Next()}");
        await AssertRefusedAsync(second, data.Path);
        Assert.Equal(HttpStatusCode.OK, (await first.Http.GetAsync(new Uri("/health/ready", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Server_PortInUse_RefusedInOneLine()
    {
        using var data = new TemporaryDirectory();
        await using var first = await ServerProcess.StartReadyAsync("--data", data.Sub("one"));
        var url = first.Http.BaseAddress!.OriginalString;
        await using var second = ServerProcess.Start(null, "--data", data.Sub("two"), "--urls", url);
        await AssertRefusedAsync(second, first.Http.BaseAddress.Port.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Server_BadManifest_PrintsFindings()
    {
        using var data = new TemporaryDirectory();
        var manifest = data.Sub("bad.yaml");
        await File.WriteAllTextAsync(manifest, """
            apiVersion: csmr/v1
            kind: Composition
            metadata: {name: bad, version: 1}
            services:
              a: {machine: kw}
            expose: [a, b]
            """);
        await using var server = ServerProcess.Start(null, "--data", data.Sub("d"), "--manifest", manifest);
        Assert.NotEqual(0, await server.WaitForExitAsync(TimeSpan.FromMinutes(1)));
        Assert.Contains("bad.yaml:5:", server.Output, StringComparison.Ordinal);
        Assert.Contains("CSMR", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", server.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--manifest", "/nowhere/at-all.yaml")]
    [InlineData("--rolle", "all")]
    [InlineData("--urls", "not a url")]
    public async Task Server_BadFlag_RefusedInOneLine(string flag, string value)
    {
        using var data = new TemporaryDirectory();
        await using var server = ServerProcess.Start(null, "--data", data.Path, flag, value);
        await AssertRefusedAsync(server, flag == "--rolle" ? flag : value);
    }

    [Fact]
    public async Task Server_MissingDatabase_RefusedInOneLine()
    {
        using var data = new TemporaryDirectory();
        await using var server = ServerProcess.Start(
            null, "--role", "replica", "--name", "n1", "--data", data.Path, "--clustering", "postgres", "--postgres",
            $"Host=127.0.0.1;Port={FreePorts.Next()};Username=csmr;Database=postgres;Timeout=2", "--startup-seconds", "3");
        await AssertRefusedAsync(server, "PostgreSQL");
    }

    private static async Task AssertRefusedAsync(ServerProcess server, string names)
    {
        var code = await server.WaitForExitAsync(TimeSpan.FromMinutes(2));
        Assert.NotEqual(0, code);
        Assert.Contains(names, server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", server.Output, StringComparison.Ordinal);
    }
}
