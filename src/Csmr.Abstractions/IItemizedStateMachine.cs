namespace Csmr;

/// <summary>A piece of a machine's state.</summary>
/// <param name="Key">
/// The key that operations name it by, which decides about its partition; null for what belongs to no key, such as a counter that
/// tokens are drawn from: every partition gets that.
/// </param>
/// <param name="Body">The rest, as the machine writes it.</param>
public readonly record struct StateItem(string? Key, ReadOnlyMemory<byte> Body);

/// <summary>
/// A state machine whose state can be taken apart and put together from its pieces: a checkpoint of it can be restored into another
/// number of partitions. Of one that cannot, a checkpoint holds the snapshot as it is, and wants as many partitions as there were.
/// </summary>
public interface IItemizedStateMachine : IStateMachine
{
    /// <summary>
    /// The whole state as of now, to be enumerated while the machine goes on executing, by another thread: the copy is made by the
    /// call, not by the enumeration. Equal states give equal items in the same order; those without a key come first.
    /// </summary>
    /// <returns>The items.</returns>
    IEnumerable<StateItem> CaptureItems();

    /// <summary>
    /// Takes an item into the state. Called on an instance in its first state for each item of one partition or of several: an item
    /// without a key may come several times, and the largest of each counter holds.
    /// </summary>
    /// <param name="item">The item. Its bytes are to be copied from, not to be kept.</param>
    /// <exception cref="WireFormatException">It is no item of such a machine, or does not fit those before.</exception>
    void Take(StateItem item);

    /// <summary>
    /// This instance, put together from items, takes the place of another one: what must never go back, such as a counter that fencing
    /// tokens are drawn from, goes on from where the other one has come to.
    /// </summary>
    /// <param name="former">The other one, of the same type.</param>
    void Succeed(IStateMachine former);
}
