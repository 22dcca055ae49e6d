using System.CommandLine;
using System.Globalization;
using Csmr.Chaos.Processes;

namespace Csmr.Load.Compare.Serving;

/// <summary>The small servers of the comparison: this program itself, started as processes of their own.</summary>
public static class ServeCommand
{
    /// <summary>Makes the command.</summary>
    /// <returns>The command, hidden: it is nothing for people.</returns>
    public static Command Make()
    {
        var what = new Argument<string>("what") { Description = "echo, commit, raft or silo" };
        var ports = new Option<int[]>("--ports") { AllowMultipleArgumentsPerToken = true, Description = "The ports that it needs." };
        var data = new Option<string>("--data") { DefaultValueFactory = static _ => "", Description = "Where it keeps its data." };
        var command = new Command("serve", "A server of the comparison.") { what, ports, data };
        command.Hidden = true;
        command.SetAction((result, cancellation) => result.GetValue(what) switch
        {
            "echo" => EchoServer.RunAsync(result.GetValue(ports)![0], null, cancellation),
            "commit" => EchoServer.RunAsync(result.GetValue(ports)![0], result.GetValue(data), cancellation),
            "raft" => RaftServer.RunAsync(result.GetValue(ports)!, result.GetValue(data)!, cancellation),
            "silo" => EchoSilo.RunAsync(result.GetValue(ports)!, cancellation),
            _ => throw new InvalidOperationException($"nothing serves '{result.GetValue(what)}'"),
        });
        return command;
    }

    /// <summary>Starts a server.</summary>
    /// <param name="what">Which.</param>
    /// <param name="ports">The ports that it needs.</param>
    /// <param name="data">Where it keeps its data.</param>
    /// <returns>The process.</returns>
    public static OwnedProcess Start(string what, IEnumerable<int> ports, string data = "") => OwnedProcess.Start(
        [.. ServerProcess.Command("Csmr.Load", "Csmr.Load.dll", ["serve", what, "--data", data, "--ports", .. ports.Select(static port => port.ToString(CultureInfo.InvariantCulture))])]);
}
