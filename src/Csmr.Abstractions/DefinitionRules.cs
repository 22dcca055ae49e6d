namespace Csmr;

/// <summary>The rules that the definition of a machine keeps, so that manifests, REST and documentation can go by it.</summary>
public static class DefinitionRules
{
    /// <summary>Tells which rules a definition breaks.</summary>
    /// <param name="machine">The definition.</param>
    /// <returns>One sentence for each; empty where all is well.</returns>
    public static IReadOnlyList<string> Check(MachineDefinition machine)
    {
        var problems = new List<string>();
        if (!IsName(machine.Name))
        {
            problems.Add($"Machine '{machine.Name}': a name is lower-case letters, digits and hyphens, a letter first.");
        }

        if (machine.Operations.Count == 0)
        {
            problems.Add($"Machine '{machine.Name}' has no operation.");
        }

        foreach (var operation in machine.Operations)
        {
            problems.AddRange(Check(operation).Concat(CheckLimits(machine, operation)).Select(problem => $"Operation '{machine.Name}.{operation.Name}': {problem}"));
        }

        foreach (var setting in machine.Settings)
        {
            problems.AddRange(Check(setting).Select(problem => $"Setting '{machine.Name}.{setting.Name}': {problem}"));
        }

        problems.AddRange(Doubles(machine.Settings.Select(static setting => setting.Name))
            .Select(name => $"Machine '{machine.Name}' has two settings '{name}'."));
        return problems;
    }

    private static IEnumerable<string> Check(OperationDefinition operation)
    {
        if (!IsName(operation.Name))
        {
            yield return "a name is lower-case letters, digits and hyphens, a letter first.";
        }

        if (operation.Fields.Count == 0)
        {
            yield return "it has no field; the first one is the result.";
        }

        foreach (var name in Doubles(operation.Parameters.Select(static parameter => parameter.Name)))
        {
            yield return $"two parameters are named '{name}'.";
        }

        foreach (var name in Doubles(operation.Fields.Select(static field => field.Name)))
        {
            yield return $"two fields are named '{name}'.";
        }

        if (operation.Fields.Skip(1).Any(static field => field.Name is "result" or "steps"))
        {
            yield return "only the first field may be named 'result' or 'steps': clients see them beside it.";
        }

        foreach (var problem in operation.Parameters.SelectMany(Check))
        {
            yield return problem;
        }

        var firstOptional = operation.Parameters.TakeWhile(static parameter => !parameter.IsOptional).Count();
        if (operation.Parameters.Skip(firstOptional).Any(static parameter => !parameter.IsOptional))
        {
            yield return "optional parameters come last.";
        }

        foreach (var key in operation.KeyParameters)
        {
            if (!operation.Parameters.Any(parameter => parameter.Name == key && ReferenceEquals(parameter.Type, ValueType.String)))
            {
                yield return $"the key parameter '{key}' is no parameter of type string.";
            }
        }
    }

    private static IEnumerable<string> CheckLimits(MachineDefinition machine, OperationDefinition operation)
    {
        foreach (var refusal in operation.Refusals)
        {
            if (refusal.OnlyAbove is { } limit && (operation.IndexOf(limit.Parameter) < 0
                || !machine.Settings.Any(setting => setting.Name == limit.BytesMaxSetting && ReferenceEquals(setting.Type, ValueType.Long))))
            {
                yield return $"the refusal '{refusal.Code}' names a parameter '{limit.Parameter}' and a setting '{limit.BytesMaxSetting}' that are not both there.";
            }
        }
    }

    private static IEnumerable<string> Check(ParameterDefinition parameter)
    {
        if (parameter.Minimum > parameter.Maximum)
        {
            yield return $"parameter '{parameter.Name}' has a minimum above its maximum.";
        }

        if (parameter.BytesMin > parameter.BytesMax)
        {
            yield return $"parameter '{parameter.Name}' has a fewest number of bytes above the most.";
        }

        if ((parameter.Minimum ?? parameter.Maximum) is not null && parameter.Type.Carrier != ValueKind.Long)
        {
            yield return $"parameter '{parameter.Name}' is no integer and has bounds of one.";
        }
    }

    private static IEnumerable<string> Check(SettingDefinition setting)
    {
        if (setting.Type.Carrier is not (ValueKind.Bool or ValueKind.Long or ValueKind.String))
        {
            yield return "the type of a setting is string, long or bool.";
        }
        else if (setting.Default.Kind != setting.Type.Carrier)
        {
            yield return "the default is not of the setting's type.";
        }
        else if (setting.Type.Carrier == ValueKind.Long && !(setting.Default.AsLong() >= (setting.Minimum ?? long.MinValue)
            && setting.Default.AsLong() <= (setting.Maximum ?? long.MaxValue)))
        {
            yield return "the default is out of the setting's bounds.";
        }
    }

    private static IEnumerable<string> Doubles(IEnumerable<string> names) =>
        names.GroupBy(static name => name, StringComparer.Ordinal).Where(static group => group.Count() > 1).Select(static group => group.Key);

    private static bool IsName(string name) =>
        name.Length > 0 && char.IsAsciiLetterLower(name[0])
        && name.All(static character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '-');
}
