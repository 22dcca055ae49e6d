namespace Csmr.Chaos.Clusters;

/// <summary>
/// The composition under test: each shipped kind of service, one in two partitions (of which one has a witness), an operation of
/// independent steps in two groups, and atomic operations over a store in two partitions, a ledger and locks.
/// </summary>
public static class ChaosManifest
{
    /// <summary>The composition's name, and so the cluster's.</summary>
    public const string Name = "chaos";

    /// <summary>The groups that the atomic operations reach.</summary>
    public static readonly IReadOnlyList<string> AtomicGroups = ["low", "high", "ledger", "guards"];

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
              low: {machine: kv}
              high: {machine: kv, witnesses: 1}
              ledger: {machine: log}
              guards: {machine: lock}
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
              bank:
                partition:
                  by: {get: key, put: key, add: key}
                  ranges: [{to: n, service: low}, {from: n, service: high}]
              banking:
                extend: bank
                operations:
                  transfer:
                    summary: Takes an amount from one account, gives it to another, and enters it in the ledger.
                    in: {from: string, to: string, amount: {type: long, minimum: 1}, tag: string}
                    steps:
                      - {id: taken, call: bank.add, with: {key: $in.from, amount: {$negative: $in.amount}, minimum: 0}}
                      - {id: given, call: bank.add, with: {key: $in.to, amount: $in.amount}}
                      - {id: entry, call: ledger.append, with: {entry: {tag: $in.tag, from: $in.from, to: $in.to, amount: $in.amount, left: $taken.value, has: $given.value}}}
                    return: {index: $entry.index}
                    consistency: atomic
                  balances:
                    summary: The balances of four accounts at one moment.
                    in: {one: string, two: string, three: string, four: string}
                    steps:
                      - {id: one, call: bank.get, with: {key: $in.one}}
                      - {id: two, call: bank.get, with: {key: $in.two}}
                      - {id: three, call: bank.get, with: {key: $in.three}}
                      - {id: four, call: bank.get, with: {key: $in.four}}
                    return: {values: [$one.value, $two.value, $three.value, $four.value]}
                    consistency: atomic
                  post:
                    summary: Sets the value of a key and enters that in the ledger.
                    in: {key: string, value: json, tag: string}
                    steps:
                      - {id: put, call: bank.put, with: {key: $in.key, value: $in.value}}
                      - {id: entry, call: ledger.append, with: {entry: {tag: $in.tag, key: $in.key, value: $in.value, version: $put.version}}}
                    return: {version: $put.version, index: $entry.index}
                    consistency: atomic
                  guarded:
                    summary: The same, if the lock of the key is held with this token.
                    in: {key: string, value: json, tag: string, token: long}
                    steps:
                      - {id: held, call: guards.check, with: {key: $in.key, token: $in.token}}
                      - {id: put, call: bank.put, with: {key: $in.key, value: $in.value}, when: $held.ok}
                      - {id: entry, call: ledger.append, with: {entry: {tag: $in.tag, key: $in.key, value: $in.value, version: $put.version, token: $in.token}}, when: $held.ok}
                    return: {ok: $held.ok, version: $put.version, index: $entry.index}
                    consistency: atomic

              api:
                add:
                  - {from: audited}
                  - {from: locks}
                  - {from: records}
                  - {from: audit, only: [retrieve], rename: {retrieve: audit}}
                  - {from: banking, only: [transfer, balances, post, guarded, add, get], rename: {add: deposit, get: account}}
                  - {from: guards, only: [acquire, release], rename: {acquire: acquire-guard, release: release-guard}}
                  - {from: ledger, only: [retrieve], rename: {retrieve: ledger}}
            expose: [api]

            """;
    }
}
