using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text;

namespace Csmr.Cli.Commands;

/// <summary><c>csmr new-key</c>: an API key for somebody, and its hash for the access file.</summary>
internal static class NewKeyCommand
{
    private const string Prefix = "csmr_";
    private const int SecretBytes = 32;

    public static Command Create(Screen screen)
    {
        var command = new Command("new-key", "Makes an API key: the first line is for its owner alone, the second for the access file (docs/security.md).");
        command.SetAction(_ =>
        {
            var key = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(key));
            screen.Output.Write($"key:    {key}\nsha256: {Convert.ToHexStringLower(hash)}\n");
            return ExitCode.Good;
        });
        return command;
    }
}
