using Csmr.Replication.Machine;
using Csmr.Replication.Paxos;

namespace Csmr.TestKit.Simulation;

/// <summary>What runs one or several <see cref="TimedGroup"/>s in virtual time, and makes them serve.</summary>
internal interface ITimedEngine
{
    /// <summary>Virtual time.</summary>
    long NowUs { get; }

    /// <summary>Something will happen in a group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="afterUs">After how long.</param>
    /// <param name="kind">What.</param>
    /// <param name="a">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="b">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="number">See <see cref="SimulatedEvent"/>.</param>
    /// <param name="content">See <see cref="SimulatedEvent"/>.</param>
    void Schedule(TimedGroup group, long afterUs, EventKind kind, int a, int b, long number, object? content);

    /// <summary>The replicated state of a replica that starts.</summary>
    /// <param name="group">The group.</param>
    /// <returns>The state, before the first entry.</returns>
    ReplicatedMachine NewMachine(TimedGroup group);

    /// <summary>A request arrives at a replica that is up.</summary>
    /// <param name="group">The group.</param>
    /// <param name="host">The replica.</param>
    /// <param name="content">The request.</param>
    /// <param name="number">Which try of it.</param>
    void Serve(TimedGroup group, TimedHost host, object content, int number);

    /// <summary>A chosen entry is to be executed.</summary>
    /// <param name="group">The group.</param>
    /// <param name="host">The replica.</param>
    /// <param name="delivery">The entry.</param>
    void Delivered(TimedGroup group, TimedHost host, in Delivery delivery);

    /// <summary>The state was replaced by a snapshot.</summary>
    /// <param name="group">The group.</param>
    /// <param name="host">The replica.</param>
    void Restored(TimedGroup group, TimedHost host);

    /// <summary>A read is to be executed.</summary>
    /// <param name="group">The group.</param>
    /// <param name="host">The replica.</param>
    /// <param name="token">Its token.</param>
    void ReadReady(TimedGroup group, TimedHost host, long token);

    /// <summary>A proposal or read is given up.</summary>
    /// <param name="group">The group.</param>
    /// <param name="host">The replica.</param>
    /// <param name="givenUp">Which, and why.</param>
    void GivenUp(TimedGroup group, TimedHost host, in GivenUp givenUp);

    /// <summary>A replica has done a step, or is told the time.</summary>
    /// <param name="group">The group.</param>
    /// <param name="host">The replica.</param>
    void Stepped(TimedGroup group, TimedHost host);
}
