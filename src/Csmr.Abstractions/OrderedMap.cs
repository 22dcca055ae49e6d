using System.Diagnostics.CodeAnalysis;

namespace Csmr;

/// <summary>
/// Keys in order with their values: a B+ tree whose nodes are copied on write, so that a copy of the whole map costs nothing
/// until one of the two is changed. A state machine that keeps its state in such maps can be captured without a pause
/// (<see cref="IStateMachine.Capture"/>). Finding and setting allocate nothing but new, split or copied nodes.
/// </summary>
/// <remarks>
/// One thread at a time changes a map, while others may read its copies. Values are shared by all copies: they must not be changed in
/// place. Keys are structs, so that comparing them is never a virtual call; texts go in as <see cref="OrdinalKey"/>.
/// </remarks>
/// <typeparam name="TKey">The keys.</typeparam>
/// <typeparam name="TValue">The values.</typeparam>
public sealed partial class OrderedMap<TKey, TValue>
    where TKey : struct, IComparable<TKey>
{
    private const int Width = 64;
    private const int LeafCapacityMin = 4;

    // Shared by all maps that were never written to: nobody owns it, so it is copied before the first key is set.
    private static readonly Leaf Empty = new(new object(), 0);

    private Node _root;

    // The nodes that carry this very object belong to this map alone and are changed in place; null while there are none.
    private object? _owner;

    /// <summary>Makes an empty one.</summary>
    public OrderedMap() => _root = Empty;

    private OrderedMap(Node root, int count) => (_root, Count) = (root, count);

    /// <summary>The number of keys.</summary>
    public int Count { get; private set; }

    /// <summary>A copy, at once: the two share all nodes until either is changed.</summary>
    /// <returns>The copy.</returns>
    public OrderedMap<TKey, TValue> Copy()
    {
        _owner = null;
        return new OrderedMap<TKey, TValue>(_root, Count);
    }

    /// <summary>Finds the value of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <returns>Whether the key is there.</returns>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var node = _root;
        while (node is Branch branch)
        {
            node = branch.Children[branch.ChildOf(key)];
        }

        var leaf = (Leaf)node;
        var position = leaf.Search(key, 0);
        value = position >= 0 ? leaf.Values[position] : default;
        return position >= 0;
    }

    /// <summary>Whether a key is there.</summary>
    /// <param name="key">The key.</param>
    /// <returns>Whether it is.</returns>
    public bool Contains(TKey key) => TryGet(key, out _);

    /// <summary>Finds the smallest key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <returns>Whether there is any.</returns>
    public bool TryFirst(out TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var node = _root;
        while (node is Branch branch)
        {
            node = branch.Children[0];
        }

        var leaf = (Leaf)node;
        (key, value) = leaf.Count > 0 ? (leaf.Keys[0], leaf.Values[0]) : default;
        return leaf.Count > 0;
    }

    /// <summary>Finds the largest key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <returns>Whether there is any.</returns>
    public bool TryLast(out TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var node = _root;
        while (node is Branch branch)
        {
            node = branch.Children[branch.Count - 1];
        }

        var leaf = (Leaf)node;
        (key, value) = leaf.Count > 0 ? (leaf.Keys[leaf.Count - 1], leaf.Values[leaf.Count - 1]) : default;
        return leaf.Count > 0;
    }

    /// <summary>Adds a key or replaces its value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    public void Set(TKey key, TValue value) => Set(key, value, out _);

    /// <summary>Adds a key or replaces its value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="previous">The value that it had.</param>
    /// <returns>Whether the key was there.</returns>
    public bool Set(TKey key, TValue value, [MaybeNullWhen(false)] out TValue previous)
    {
        _owner ??= new object();
        var before = Count;
        _root = Set(_root, _owner, key, value, out var right, out previous);
        if (right is not null)
        {
            var root = new Branch(_owner);
            root.Insert(0, _root.Keys[0], _root);
            root.Insert(1, right.Keys[0], right);
            _root = root;
        }

        return Count == before;
    }

    /// <summary>Removes a key.</summary>
    /// <param name="key">The key.</param>
    /// <returns>Whether it was there.</returns>
    public bool Remove(TKey key) => Remove(key, out _);

    /// <summary>Removes a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value that it had.</param>
    /// <returns>Whether it was there.</returns>
    public bool Remove(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        value = default;
        if (Count == 0)
        {
            return false;
        }

        _owner ??= new object();
        var before = Count;
        _root = Remove(_root, _owner, key, out value);
        while (_root is Branch { Count: 1 } branch)
        {
            _root = branch.Children[0];
        }

        return Count < before;
    }

    /// <summary>All keys, in order. The map must not be changed meanwhile; its copies may.</summary>
    /// <returns>The keys with their values.</returns>
    public IEnumerable<KeyValuePair<TKey, TValue>> All() => TryFirst(out var first, out _) ? From(first) : [];

    /// <summary>The keys from one on, in order. The map must not be changed meanwhile; its copies may.</summary>
    /// <param name="from">The smallest key wanted.</param>
    /// <returns>The keys with their values.</returns>
    public IEnumerable<KeyValuePair<TKey, TValue>> From(TKey from)
    {
        var path = new Stack<(Branch Branch, int Child)>();
        var leaf = Descend(_root, from, path);
        var position = leaf.Search(from, 0);
        position = position < 0 ? ~position : position;
        while (true)
        {
            for (; position < leaf.Count; position++)
            {
                yield return KeyValuePair.Create(leaf.Keys[position], leaf.Values[position]);
            }

            while (path.TryPeek(out var top) && top.Child + 1 == top.Branch.Count)
            {
                path.Pop();
            }

            if (!path.TryPop(out var up))
            {
                yield break;
            }

            path.Push((up.Branch, up.Child + 1));
            leaf = Descend(up.Branch.Children[up.Child + 1], from, path);
            position = 0;
        }
    }

    private static Leaf Descend(Node node, TKey key, Stack<(Branch Branch, int Child)> path)
    {
        while (node is Branch branch)
        {
            var child = branch.ChildOf(key);
            path.Push((branch, child));
            node = branch.Children[child];
        }

        return (Leaf)node;
    }

    // Answers the node that takes the place of the given one and, where it had to be split, the new one to its right.
    private Node Set(Node node, object owner, TKey key, TValue value, out Node? right, out TValue? previous)
    {
        right = null;
        previous = default;
        var own = node.OwnedBy(owner);
        if (own is Leaf leaf)
        {
            var position = leaf.Search(key, 0);
            if (position >= 0)
            {
                previous = leaf.Values[position];
                leaf.Values[position] = value;
                return leaf;
            }

            Count++;
            var target = RoomFor(leaf, ~position, out var at, out right);
            target.Insert(at, key, value);
            return leaf;
        }

        var branch = (Branch)own;
        var child = branch.ChildOf(key);
        branch.Children[child] = Set(branch.Children[child], owner, key, value, out var childRight, out previous);
        if (childRight is not null)
        {
            var target = RoomFor(branch, child + 1, out var at, out right);
            target.Insert(at, childRight.Keys[0], childRight);
        }

        return branch;
    }

    // Splits a full node. Keys that come in ascending order leave full nodes behind; all others, halves.
    private static TNode RoomFor<TNode>(TNode node, int position, out int at, out Node? right)
        where TNode : Node
    {
        at = position;
        right = null;
        if (node.Count < Width)
        {
            return node;
        }

        var kept = position == Width ? Width : Width / 2;
        right = node.SplitAt(kept);
        if (position < kept)
        {
            return node;
        }

        at = position - kept;
        return (TNode)right;
    }

    private Node Remove(Node node, object owner, TKey key, out TValue? value)
    {
        var own = node.OwnedBy(owner);
        if (own is Leaf leaf)
        {
            value = default;
            var position = leaf.Search(key, 0);
            if (position >= 0)
            {
                value = leaf.Values[position];
                leaf.RemoveAt(position);
                Count--;
            }

            return leaf;
        }

        var branch = (Branch)own;
        var child = branch.ChildOf(key);
        branch.Children[child] = Remove(branch.Children[child], owner, key, out value);
        Tidy(branch, owner, child);
        return branch;
    }

    // A small child is joined with a neighbour that has room for it, so that deleting gives memory back.
    private static void Tidy(Branch branch, object owner, int child)
    {
        if (branch.Children[child].Count == 0)
        {
            branch.RemoveAt(child);
            return;
        }

        if (branch.Children[child].Count >= Width / 4 || branch.Count == 1)
        {
            return;
        }

        var left = child > 0 ? child - 1 : child;
        if (branch.Children[left].Count + branch.Children[left + 1].Count <= Width / 2)
        {
            var joined = branch.Children[left].OwnedBy(owner);
            joined.Join(branch.Children[left + 1], branch.Keys[left + 1]);
            branch.Children[left] = joined;
            branch.RemoveAt(left + 1);
        }
    }
}
