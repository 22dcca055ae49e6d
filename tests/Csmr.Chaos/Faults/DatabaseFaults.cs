namespace Csmr.Chaos.Faults;

/// <summary>The membership database is stopped: running groups go on.</summary>
public class StopDatabase : IFault
{
    public virtual string Name => "stop-postgres";

    public virtual string Summary => "PostgreSQL, the membership's database, stopped for some seconds";

    public virtual TimeSpan HoldMin => TimeSpan.FromSeconds(5);

    public virtual TimeSpan HoldMax => TimeSpan.FromSeconds(15);

    public Task InjectAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Cluster.Postgres.StopAsync();
    }

    public Task HealAsync(FaultContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Cluster.Postgres.StartAgainAsync();
    }
}

/// <summary>The same for more than a minute.</summary>
public sealed class StopDatabaseLong : StopDatabase
{
    public override string Name => "stop-postgres-long";

    public override string Summary => "PostgreSQL, the membership's database, stopped for more than a minute";

    public override TimeSpan HoldMin => TimeSpan.FromSeconds(65);

    public override TimeSpan HoldMax => TimeSpan.FromSeconds(90);
}
