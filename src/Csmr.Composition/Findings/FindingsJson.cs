using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Csmr.Composition.Findings;

/// <summary>Writes findings for programs.</summary>
public static class FindingsJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes findings.</summary>
    /// <param name="findings">The findings.</param>
    /// <returns>A JSON object: <c>isGood</c>, and a list <c>findings</c> in the same order.</returns>
    public static string Write(IReadOnlyList<Finding> findings)
    {
        using var output = new MemoryStream();
        using (var json = new Utf8JsonWriter(output, Options))
        {
            json.WriteStartObject();
            json.WriteBoolean("isGood", findings.All(static finding => finding.Severity != Severity.Error));
            json.WriteStartArray("findings");
            foreach (var finding in findings)
            {
                json.WriteStartObject();
                json.WriteString("file", finding.Position.File);
                json.WriteNumber("line", finding.Position.Line);
                json.WriteNumber("column", finding.Position.Column);
                json.WriteString("severity", finding.Severity == Severity.Error ? "error" : "warning");
                json.WriteString("code", finding.Code.Id);
                json.WriteString("message", finding.Message);
                json.WriteString("remedy", finding.Remedy);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.ToArray());
    }
}
