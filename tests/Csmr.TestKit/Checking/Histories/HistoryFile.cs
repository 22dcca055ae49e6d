using System.Text.Json;

namespace Csmr.TestKit.Checking.Histories;

/// <summary>A history that was read from a file.</summary>
/// <param name="Rules">The name of the rules by which its operations act on objects.</param>
/// <param name="Operations">The operations, in the order of the lines.</param>
public sealed record HistoryFile(string Rules, IReadOnlyList<HistoryOperation> Operations)
{
    // The answer of a repeated member would depend on the reader.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The history: all of it.</returns>
    /// <exception cref="HistoryFormatException">A line is not in order; nothing is skipped.</exception>
    public static HistoryFile Read(string path)
    {
        string? rules = null;
        var operations = new List<HistoryOperation>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            try
            {
                using var document = JsonDocument.Parse(line, Strict);
                if (rules is null)
                {
                    rules = HistoryFormat.ReadHeader(document.RootElement);
                }
                else
                {
                    operations.Add(HistoryFormat.Read(document.RootElement.Clone()));
                }
            }
            catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
            {
                throw new HistoryFormatException(path, number, error.Message);
            }
        }

        return new HistoryFile(rules ?? throw new HistoryFormatException(path, 1, "the file is empty"), operations);
    }

    /// <summary>Writes a whole history.</summary>
    /// <param name="path">The file; it must not exist.</param>
    /// <param name="rules">The name of its rules.</param>
    /// <param name="operations">The operations.</param>
    public static void Write(string path, string rules, IEnumerable<HistoryOperation> operations)
    {
        using var recorder = new HistoryRecorder(path, rules);
        foreach (var operation in operations)
        {
            recorder.Add(operation);
        }
    }
}
