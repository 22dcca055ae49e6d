using System.CommandLine;
using System.Text;
using Csmr.Composition.Compiling;
using Csmr.Composition.Explaining;
using Csmr.Composition.Findings;
using Csmr.Composition.Json;
using Csmr.Composition.Plans;

namespace Csmr.Cli.Commands;

/// <summary><c>csmr explain FILE [operation] [argument=value …]</c>: says what happens where.</summary>
internal static class ExplainCommand
{
    public static Command Create(Screen screen)
    {
        var file = ManifestFiles.Argument();
        var operation = new Argument<string?>("OPERATION") { Description = "One operation; all where left out.", Arity = ArgumentArity.ZeroOrOne };
        var arguments = new Argument<string[]>("ARGUMENT=VALUE")
        {
            Description = "Arguments of the operation: shows which groups and replicas the call reaches. Texts as they are, other values as JSON.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("explain", "Explains a manifest: the steps, groups and replicas of every operation.") { file, operation, arguments };
        command.SetAction(result => Run(screen, result.GetRequiredValue(file), result.GetValue(operation), result.GetValue(arguments) ?? []));
        return command;
    }

    private static int Run(Screen screen, string path, string? name, string[] arguments)
    {
        var result = ManifestFiles.Compile(path);
        if (result.Plan is not { } plan)
        {
            foreach (var finding in result.Findings)
            {
                screen.Error.Write($"{finding}\n");
            }

            return CheckCommand.ExitCodeOf(result, path);
        }

        var text = new PlanText(plan);
        if (name is null)
        {
            screen.Output.Write(text.Whole());
            return ExitCode.Good;
        }

        var operation = plan.Operations.FirstOrDefault(operation => operation.Name == name);
        if (operation is null)
        {
            var known = Suggestion.Among(name, "it has", plan.Operations.Select(static operation => operation.Name));
            return Refuse(screen, $"'{path}' has no operation '{name}'; {known}");
        }

        if (arguments.Length == 0 || operation.RemovedReason is not null)
        {
            screen.Output.Write(text.Operation(operation));
            return ExitCode.Good;
        }

        if (Bind(operation, arguments, out var values) is { } problem)
        {
            return Refuse(screen, problem);
        }

        screen.Output.Write(text.Call(operation, values));
        return ExitCode.Good;
    }

    private static int Refuse(Screen screen, string message)
    {
        screen.Error.Write($"csmr: {message}\n");
        return ExitCode.Usage;
    }

    /// <summary>Takes the arguments given; only those that decide about groups must be among them.</summary>
    private static string? Bind(OperationPlan operation, string[] arguments, out Value[] values)
    {
        values = new Value[operation.Parameters.Count];
        foreach (var argument in arguments)
        {
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                return $"'{argument}' is no argument; write name=value";
            }

            var name = argument[..equals];
            var index = operation.Parameters.Select(static parameter => parameter.Name).ToList().IndexOf(name);
            var parameters = index < 0 ? operation.Parameters : [operation.Parameters[index]];
            var isText = index >= 0 && ReferenceEquals(operation.Parameters[index].Type, ValueType.String);
            var json = new JsonBuilder().BeginObject().Member(name);
            json = isText ? json.Text(argument[(equals + 1)..]) : json.Raw(Encoding.UTF8.GetBytes(argument[(equals + 1)..]));
            if (!ArgumentBinder.TryBind(parameters, json.EndObject().ToUtf8(), out var bound, out var problem))
            {
                return problem.Message;
            }

            values[index] = bound[0];
        }

        foreach (var key in Destinations.KeyArguments(operation))
        {
            if (values[key].IsNull)
            {
                return $"argument '{operation.Parameters[key].Name}' decides which groups are called, so it must be given";
            }
        }

        return null;
    }
}
