namespace Csmr.Chaos.Clusters;

/// <summary>
/// The composition under test: each shipped kind of service, one in two partitions (of which one has a witness), and one operation
/// that spans two groups.
/// </summary>
public static class ChaosManifest
{
    /// <summary>The composition's name, and so the cluster's.</summary>
    public const string Name = "chaos";

    /// <summary>The text of the manifest.</summary>
    /// <param name="nodes">The names of the replicas' silos: three or five.</param>
    public static string Text(IReadOnlyList<string> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        return $$$$"""
            apiVersion: csmr/v1
            kind: Composition
            metadata: {name: {{{{Name}}}}, version: 1}
            nodes: [{{{{string.Join(", ", nodes)}}}}]
            defaults: {f: {{{{(nodes.Count - 1) / 2}}}}, durability: fsync, consistency: independent}
            services:
              early: {machine: kv}
              late: {machine: kv, witnesses: 1}
              locks: {machine: lock}
              records: {machine: log}
              audit: {machine: log}
            compose:
              store:
                partition:
                  by: {get: key, put: key, delete: key, cas: key}
                  ranges: [{to: n, service: early}, {from: n, service: late}]
              audited:
                extend: store
                operations:
                  place:
                    summary: Sets the value of a key and appends an entry to the audit log.
                    in: {key: string, value: json}
                    steps:
                      - {id: put, call: store.put, with: {key: $in.key, value: $in.value}}
                      - {id: entry, call: audit.append, with: {entry: {key: $in.key, value: $in.value}}}
                    return: {version: $put.version, index: $entry.index}
              api:
                add:
                  - {from: audited}
                  - {from: locks}
                  - {from: records}
                  - {from: audit, only: [retrieve], rename: {retrieve: audit}}
            expose: [api]

            """;
    }
}
