using System.Text.Json;
using System.Text.Json.Nodes;
using Csmr.Composition.Findings;
using Csmr.Composition.Manifests;
using Csmr.Composition.Yaml;
using NJsonSchema;

namespace Csmr.Unit.Tests.Composition;

/// <summary>The schema for editors says the same as the code.</summary>
public sealed class ManifestSchemaTests
{
    // The structure is wrong in ways that a schema cannot tell.
    private static readonly string[] BeyondSchema =
    [
        "declared_types_wrong", "hash_with_too_few_buckets", "include_with_errors", "step_called_in", "text_map_as_key",
    ];

    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Csmr.Unit.Tests", "Composition", "Bad");
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "schemas", "csmr-v1.schema.json"));
    private static readonly Lazy<Task<JsonSchema>> Schema = new(static () => JsonSchema.FromJsonAsync(Text));

    public static TheoryData<string> Bad =>
        [.. BadManifestTests.Manifests.Select(static row => row.Data).Where(static name =>
            !BeyondSchema.Contains(name) && BadManifestTests.Expected($"{name}.yaml").Any(static line =>
                line.StartsWith("CSMR01", StringComparison.Ordinal) && !line.Contains(".yaml", StringComparison.Ordinal)))];

    [Fact]
    public void Keys_OfEveryMap_AreThoseOfTheReader()
    {
        using var schema = JsonDocument.Parse(Text);
        foreach (var keys in ManifestKeys.All)
        {
            var map = keys == ManifestKeys.Root ? schema.RootElement : schema.RootElement.GetProperty("definitions").GetProperty(keys.Name);
            Assert.Equal(
                keys.Keys.Order(StringComparer.Ordinal),
                map.GetProperty("properties").EnumerateObject().Select(static property => property.Name).Order(StringComparer.Ordinal));
            Assert.False(map.GetProperty("additionalProperties").GetBoolean());
        }
    }

    [Fact]
    public void Definitions_AreThoseOfTheReader()
    {
        using var schema = JsonDocument.Parse(Text);
        var names = schema.RootElement.GetProperty("definitions").EnumerateObject().Select(static property => property.Name);

        Assert.Equal(
            ManifestKeys.All.Skip(1).Select(static keys => keys.Name).Append("type").Order(StringComparer.Ordinal),
            names.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(SampleTests.Samples), MemberType = typeof(SampleTests))]
    public async Task Validate_Sample_IsGood(string sample)
    {
        var errors = (await Schema.Value).Validate(Json(Path.Combine(Repository.Samples, sample)));

        Assert.Empty(errors.Select(static error => error.ToString()));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Validate_StructurallyBadManifest_IsNot(string name) =>
        Assert.NotEmpty((await Schema.Value).Validate(Json(Path.Combine(Folder, $"{name}.yaml"))));

    private static string Json(string file) => ToJson(YamlText.Read("file", File.ReadAllText(file), new FindingList())!)?.ToJsonString() ?? "null";

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMap map => new JsonObject(map.Entries.Select(static entry => KeyValuePair.Create(entry.Key, ToJson(entry.Value)))),
        YamlList list => new JsonArray([.. list.Items.Select(ToJson)]),
        YamlScalar { IsNull: true } => null,
        YamlScalar { Bool: { } flag } => JsonValue.Create(flag),
        YamlScalar { Integer: { } number } => JsonValue.Create(number),
        YamlScalar { IsNumber: true } scalar => JsonNode.Parse(scalar.Text),
        YamlScalar scalar => JsonValue.Create(scalar.Text),
        _ => throw new ArgumentException(node.Kind, nameof(node)),
    };
}
