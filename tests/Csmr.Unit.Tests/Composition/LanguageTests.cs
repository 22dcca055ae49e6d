using System.Text;
using Csmr.Composition.Findings;
using Csmr.Composition.Json;
using Csmr.Composition.Plans;
using Csmr.Composition.Programs;

namespace Csmr.Unit.Tests.Composition;

/// <summary>What composite operations can say, from the manifest to the calls of the machines.</summary>
public sealed class LanguageTests
{
    private const string Transfer = """
        transfer:
          in: {from: string, to: string, amount: {type: long, minimum: 1}}
          steps:
            - {id: taken, call: accounts.add, with: {key: $in.from, amount: {$negative: $in.amount}, minimum: 0}}
            - {id: given, call: accounts.add, with: {key: $in.to, amount: $in.amount}}
            - {id: entry, call: ledger.append, with: {entry: "{$in.from} -> {$in.to}: {$in.amount}"}}
          return: {from: $taken.value, to: $given.value, entry: $entry.index}
        """;

    [Fact]
    public void Transfer_BetweenPartitions_IsAtomicAndReachesThreeGroups()
    {
        var plan = Operation(Transfer);
        var call = CompositeCall.Of(plan, [Value.Of("anna"), Value.Of("zoe"), Value.Of(30)]);

        Assert.Equal(Consistency.Atomic, plan.Consistency);
        Assert.Equal(["accounts.0", "accounts.1", "ledger"], call.Destinations.Select(static group => group.Name));
        Assert.Equal([0], call.Program.AwaitedBy(1));
        Assert.Equal([0, 1], call.Program.AwaitedBy(2));
        var run = new PlanRun(plan, [Value.Of("anna"), Value.Of("zoe"), Value.Of(30)]);
        Assert.Equal(
            ["add(anna, -30, 0, null)", "add(zoe, 30, null, null)", "append(\"anna -> zoe: 30\")"],
            Calls(run, static _ => Outcome.Done(Value.Of(7), Value.Of(1))));
        Assert.Equal("""{"from":7,"to":7,"entry":7}""", run.Result().Fields[0].ToString());
    }

    [Fact]
    public void Transfer_WithoutTheMoney_ReachesNothingElse()
    {
        var run = new PlanRun(Operation(Transfer), [Value.Of("anna"), Value.Of("zoe"), Value.Of(30)]);

        Assert.Single(Calls(run, static _ => Outcome.Refused("kv.out-of-bounds", "")));
        Assert.Equal("kv.out-of-bounds", run.Result().Code);
        Assert.Equal([StepState.Refused, StepState.NotReached, StepState.NotReached], run.Trace.Select(static step => step.State));
    }

    [Fact]
    public void Swap_ChainsAcrossPartitions()
    {
        var run = new PlanRun(
            Operation("""
                swap:
                  in: {one: string, other: string}
                  steps:
                    - {id: a, call: accounts.get, with: {key: $in.one}}
                    - {id: b, call: accounts.get, with: {key: $in.other}}
                    - {id: put-a, call: accounts.put, with: {key: $in.one, value: $b.value}, when: {all: [{not: {equals: [$a.value, null]}}, {not: {equals: [$b.value, null]}}]}}
                    - {id: put-b, call: accounts.put, with: {key: $in.other, value: $a.value}, when: $put-a.ok}
                  return: {swapped: {$equals: [$put-b.ok, true]}}
                """),
            [Value.Of("anna"), Value.Of("zoe")]);

        Assert.Equal(
            ["get(anna)", "get(zoe)", "put(anna, 2)", "put(zoe, 1)"],
            Calls(run, static call => call[0] == 'g' ? Outcome.Done(Value.OfJson(call[4] == 'a' ? "1"u8.ToArray() : "2"u8.ToArray()), Value.Of(1)) : Outcome.Done(Value.Of(true), Value.Of(2))));
        Assert.Equal("""{"swapped":true}""", run.Result().Fields[0].ToString());
    }

    [Theory]
    [InlineData("100", true)]
    [InlineData("99", false)]
    [InlineData("\"a lot\"", false)]
    [InlineData(null, false)]
    public void Condition_OnABalance_DecidesAboutTheNextGroup(string? balance, bool suffices)
    {
        var run = new PlanRun(
            Operation("""
                buy:
                  in: {key: string, price: long}
                  steps:
                    - {id: got, call: accounts.get}
                    - {id: left, call: accounts.put, with: {key: $in.key, value: {$minus: [$got.value, $in.price]}}, when: {atLeast: [$got.value, $in.price]}}
                    - {id: entry, call: ledger.append, with: {entry: {paid: $in.price, left: {$minus: [$got.value, $in.price]}}}, when: $left.ok}
                  return: {ok: {$first: [$left.ok, false]}, entry: $entry.index}
                """),
            [Value.Of("anna"), Value.Of(100)]);
        var calls = Calls(run, call => call[0] switch
        {
            'g' => Outcome.Done(Value.OfJson(balance is null ? null : System.Text.Encoding.UTF8.GetBytes(balance)), Value.Null),
            'p' => Outcome.Done(Value.Of(true), Value.Of(2)),
            _ => Outcome.Done(Value.Of(9)),
        });

        Assert.Equal(suffices ? ["get(anna)", "put(anna, 0)", """append({"paid":100,"left":0})"""] : ["get(anna)"], calls);
        Assert.Equal(suffices ? """{"ok":true,"entry":9}""" : """{"ok":false,"entry":null}""", run.Result().Fields[0].ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RefusalThatIsSurvived_LeavesNullsAndItsCode(bool isRefused)
    {
        var run = new PlanRun(
            Operation("""
                spend:
                  in: {key: string, amount: long}
                  steps:
                    - {id: taken, call: accounts.add, with: {key: $in.key, amount: {$negative: $in.amount}, minimum: 0}, onRefusal: continue}
                    - {id: failed, call: ledger.append, with: {entry: "refused {$in.key}: {$taken.refusal}"}, when: $taken.refused}
                    - {id: done, call: ledger.append, with: {entry: {left: $taken.value}}, when: {not: $taken.refused}}
                  return: {left: $taken.value, refused: $taken.refused, entry: {$first: [$failed.index, $done.index]}}
                """),
            [Value.Of("anna"), Value.Of(1)]);
        var calls = Calls(run, call => call[..2] == "ap" ? Outcome.Done(Value.Of(9)) : isRefused ? Outcome.Refused("kv.out-of-bounds", "") : Outcome.Done(Value.Of(5), Value.Of(1)));

        Assert.Equal(isRefused ? "append(\"refused anna: kv.out-of-bounds\")" : """append({"left":5})""", calls[1]);
        Assert.Equal(
            isRefused ? """{"left":null,"refused":true,"entry":9}""" : """{"left":5,"refused":false,"entry":9}""", run.Result().Fields[0].ToString());
    }

    [Fact]
    public void Overflow_IsARefusalOfTheStep_AndNullInTheAnswer()
    {
        var run = new PlanRun(
            Operation("""
                double:
                  in: {key: string}
                  steps:
                    - {id: got, call: accounts.add, with: {key: $in.key, amount: 0}}
                    - {id: sum, call: accounts.add, with: {key: $in.key, amount: {$plus: [$got.value, $got.value]}}, onRefusal: continue}
                  return: {sum: {$plus: [$got.value, 1]}, why: $sum.refusal}
                """),
            [Value.Of("anna")]);

        Assert.Single(Calls(run, static _ => Outcome.Done(Value.Of(long.MaxValue), Value.Of(1))));
        Assert.Equal("""{"sum":null,"why":"step.overflow"}""", run.Result().Fields[0].ToString());
    }

    [Fact]
    public void DefectOfOneStep_KeepsOnlyThoseFromRunningThatWaitForIt()
    {
        var run = new PlanRun(
            Operation("""
                note:
                  in: {key: string}
                  steps:
                    - {id: held, call: accounts.get}
                    - {id: other, call: ledger.append, with: {entry: $in.key}}
                    - {id: after, call: ledger.append, with: {entry: {$first: [$held.version, 0]}}}
                  return: $other
                """),
            [Value.Of("anna")]);

        Assert.Equal(
            ["get(anna)", "append(\"anna\")"],
            Calls(run, static call => call[0] == 'g' ? Outcome.Fault("machine-failed", "") : Outcome.Done(Value.Of(1))));
        Assert.Equal("machine-failed", run.Result().Code);
        Assert.Equal([StepState.Faulted, StepState.Done, StepState.NotReached], run.Trace.Select(static step => step.State));
    }

    [Theory]
    [InlineData("\"put({$in.key})\"", "\"put(anna)\"")]
    [InlineData("\"{$in.key}{$in.price}{$in.any}\"", "\"anna5{\\\"a\\\":1}\"")]
    [InlineData("\"{key} {$$in.key}\"", "\"{key} {$in.key}\"")]
    [InlineData("$$in.key", "\"$in.key\"")]
    [InlineData("{$$plus: [1, 2]}", """{"$plus":[1,2]}""")]
    [InlineData("{sum: {$plus: [1, 2, 3]}, less: {$less: [$in.price, 6]}}", """{"sum":6,"less":true}""")]
    [InlineData("[{$minus: [$in.price, 7]}, {$not: {more: [$in.price, 5]}}]", "[-2,true]")]
    public void Value_IsMadeAsItSays(string expression, string entry)
    {
        var plan = Operation($$$"""
            note:
              in: {key: string, price: long, any: json}
              steps: [{id: entry, call: ledger.append, with: {entry: {{{expression}}} }}]
            """);
        var run = new PlanRun(plan, [Value.Of("anna"), Value.Of(5), Value.OfJson("""{"a":1}"""u8.ToArray())]);

        Assert.True(run.TryNext(out var call));
        Assert.Equal(entry, call.Invocation[0].ToString());
    }

    private const string MultiPut = """
        multi-put:
          in: {entries: {type: list, of: {key: string, value: json}, itemsMax: 3}}
          steps:
            - {id: put, forEach: $in.entries, call: accounts.put, with: {key: $item.key, value: $item.value}, when: {not: {equals: [$item.value, 0]}}}
            - {id: note, call: ledger.append, with: {entry: {put: $put.version}}}
          return: {versions: $put.version, entry: $note.index}
        """;

    [Fact]
    public void ForEach_MakesAStepForEachItem_InTheGroupsOfTheItems()
    {
        var plan = Operation(MultiPut);
        Value[] arguments = [Value.OfJson("""[{"key":"z","value":1},{"value":0,"key":"b"}]"""u8.ToArray())];
        var call = CompositeCall.Of(plan, arguments);

        // What the client's items rule out is no part of the call: neither a third step nor one for the value 0.
        Assert.Equal(["accounts.1", "ledger"], call.Destinations.Select(static group => group.Name));
        Assert.Equal(["put.1", "note"], call.Program.Steps.Select(static step => step.Id));
        Assert.Equal(CompositeProgram.Read(call.Program.ToBytes()).ToBytes(), call.Program.ToBytes());
        Assert.Equal(
            ["accounts.0", "accounts.1", "ledger"],
            CompositeCall.Of(plan, [Value.OfJson("""[{"key":"z","value":1},{"key":"b","value":2},{"key":"c","value":3}]"""u8.ToArray())]).Destinations.Select(static group => group.Name));

        var run = new PlanRun(plan, arguments);
        Assert.Equal(["put(z, 1)", """append({"put":[7,null]})"""], Calls(run, static _ => Outcome.Done(Value.Of(true), Value.Of(7))));
        Assert.Equal("""{"versions":[7,null],"entry":true}""", run.Result().Fields[0].ToString());
    }

    [Fact]
    public void ForEach_OfNoItem_IsNoStep()
    {
        var run = new PlanRun(Operation(MultiPut), [Value.OfJson("[]"u8.ToArray())]);

        Assert.Equal(["""append({"put":[]})"""], Calls(run, static _ => Outcome.Done(Value.Of(1))));
        Assert.Equal("""{"versions":[],"entry":1}""", run.Result().Fields[0].ToString());
    }

    [Theory]
    [InlineData("""{"entries":[{"key":"","value":1}]}""", "item 0 of 'entries'")]
    [InlineData("""{"entries":[{"key":"a","value":1},{"key":"b","value":null}]}""", "item 1 of 'entries'")]
    [InlineData("""{"entries":[{"key":"a"}]}""", "lacks the member 'value'")]
    [InlineData("""{"entries":[{"key":"a","value":1,"more":1}]}""", "no member 'more'")]
    [InlineData("""{"entries":[null]}""", "must be an object")]
    [InlineData("""{"entries":{}}""", "must be a list")]
    [InlineData("""{"entries":[{"key":"a","value":1},{"key":"b","value":1},{"key":"c","value":1},{"key":"d","value":1}]}""", "at most 3")]
    public void List_WithAnItemThatDoesNotFit_IsRefusedAsAWhole(string arguments, string message)
    {
        Assert.False(ArgumentBinder.TryBind(Operation(MultiPut).Parameters, Encoding.UTF8.GetBytes(arguments), out _, out var problem));
        Assert.Equal("entries", problem.Argument);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void List_PutTogetherOfArguments_CanBePassedToAnOperationWithForEach()
    {
        var plan = Operation("""
            both:
              in: {one: string, other: string}
              steps: [{id: got, call: multi.multi-get, with: {keys: [$in.one, $in.other]}}]
              return: $got.values
            """, """
              multi:
                extend: accounts
                operations:
                  multi-get:
                    in: {keys: {type: list, of: string, itemsMax: 4}}
                    steps: [{id: got, forEach: $in.keys, call: accounts.get, with: {key: $item}}]
                    return: {values: $got.value}
            """);
        var call = CompositeCall.Of(plan, [Value.Of("b"), Value.Of("z")]);
        var run = new PlanRun(plan, [Value.Of("b"), Value.Of("z")]);

        Assert.Equal(["accounts.0", "accounts.1"], call.Destinations.Select(static group => group.Name));
        Assert.Equal(["get(b)", "get(z)"], Calls(run, static call => Outcome.Done(Value.OfJson([(byte)'"', (byte)call[4], (byte)'"']), Value.Of(1))));
        Assert.Equal("""["b","z"]""", run.Result().Fields[0].ToString());
    }

    [Fact]
    public void Types_OfListsAndRecords_AreHeldAgainstEachOtherInDepth()
    {
        var record = ValueType.Record(new FieldDefinition("a", ValueType.String, ""), new FieldDefinition("b", ValueType.Long, "", IsNullable: true));

        Assert.True(ValueType.Json.Accepts(record));
        Assert.True(ValueType.ListOf(ValueType.Json).Accepts(ValueType.ListOf(record)));
        Assert.False(ValueType.ListOf(ValueType.String).Accepts(ValueType.ListOf(ValueType.Json)));
        Assert.True(record.Accepts(ValueType.Record(new FieldDefinition("a", ValueType.String, ""))));
        Assert.False(record.Accepts(ValueType.Record(new FieldDefinition("b", ValueType.Long, ""))));
        Assert.False(record.Accepts(ValueType.Record(new FieldDefinition("a", ValueType.String, "", IsNullable: true))));
        Assert.False(record.Accepts(ValueType.Record(new FieldDefinition("a", ValueType.Long, ""))));
        Assert.False(record.Accepts(ValueType.Record(new FieldDefinition("a", ValueType.String, ""), new FieldDefinition("c", ValueType.Long, ""))));
    }

    /// <summary>Runs to the end and tells what was called.</summary>
    private static List<string> Calls(PlanRun run, Func<string, Outcome> answer)
    {
        var calls = new List<string>();
        while (run.TryNext(out var step))
        {
            var call = $"{step.Invocation.Operation.Name}({string.Join(", ", step.Invocation.Arguments.ToArray())})";
            calls.Add(call);
            run.Answer(answer(call));
        }

        return calls;
    }

    private static OperationPlan Operation(string text, string compositions = "")
    {
        var result = Repository.CompileText($$$"""
            apiVersion: csmr/v1
            kind: Composition
            metadata: {name: test}
            services:
              accounts: {machine: kv, partitions: {ranges: [{to: n}, {from: n}]}}
              ledger: {machine: log}
            compose:
            {{{compositions}}}
              api:
                extend: accounts
                operations:
            {{{string.Join('\n', text.Split('\n').Select(static line => "      " + line))}}}
            expose: [api, ledger]
            """);
        Assert.Empty(result.Findings.Where(static finding => finding.Severity == Severity.Error).Select(static finding => finding.ToString()));
        var name = text[..text.IndexOf(':', StringComparison.Ordinal)];
        return result.Plan!.Operations.Single(operation => operation.Name == name);
    }
}
