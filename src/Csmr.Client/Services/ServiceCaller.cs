namespace Csmr.Client;

/// <summary>Calls the operations of one service for a typed client.</summary>
/// <param name="caller">Sends the calls.</param>
/// <param name="service">The exposed service; null where operations are named alone.</param>
/// <param name="names">The names under which the composition offers the machine's operations, where they differ.</param>
internal sealed class ServiceCaller(ICsmrCaller caller, string? service, IReadOnlyDictionary<string, string>? names)
{
    public Task<CallResult> InvokeAsync(
        string operation, CallOptions? options, CancellationToken cancellationToken, params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        // Arguments that are null are left out: the operation's own default holds.
        var given = new Dictionary<string, object?>(arguments.Length, StringComparer.Ordinal);
        foreach (var (name, value) in arguments)
        {
            if (value is not null)
            {
                given.Add(name, value);
            }
        }

        var callOptions = (options ?? new CallOptions()) with { Service = options?.Service ?? service };
        return caller.InvokeAsync(names?.GetValueOrDefault(operation) ?? operation, given, callOptions, cancellationToken);
    }
}
