namespace Csmr.Gateway.Hosting;

/// <summary>Whether the REST interface wants new callers.</summary>
public sealed class ServingState
{
    private volatile bool _isDraining;

    /// <summary>Whether it is about to stop: it answers every call, and is not ready.</summary>
    public bool IsDraining
    {
        get => _isDraining;
        set => _isDraining = value;
    }
}
