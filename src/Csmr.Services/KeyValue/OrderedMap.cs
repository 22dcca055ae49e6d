using System.Diagnostics.CodeAnalysis;

namespace Csmr.Services.KeyValue;

/// <summary>
/// Keys in ordinal order with their values: a B+ tree whose nodes are copied on write, so that a copy of the whole map costs
/// nothing until one of the two is changed. Finding and setting allocate nothing but split or copied nodes.
/// </summary>
/// <remarks>Invariants: keys of a node ascend; no node but the root is empty; all leaves are at one depth.</remarks>
internal sealed class OrderedMap<TValue>
{
    internal const int Width = 64;

    private Node _root;

    // The nodes that carry this very object belong to this map alone and are changed in place.
    private object _owner = new();

    public OrderedMap() => _root = new Leaf(_owner);

    private OrderedMap(Node root, int count) => (_root, Count) = (root, count);

    /// <summary>The number of keys.</summary>
    public int Count { get; private set; }

    /// <summary>A copy, at once: the two share all nodes until either is changed.</summary>
    public OrderedMap<TValue> Copy()
    {
        _owner = new object();
        return new OrderedMap<TValue>(_root, Count);
    }

    /// <summary>Finds the value of a key.</summary>
    public bool TryGet(string key, [MaybeNullWhen(false)] out TValue value)
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

    /// <summary>Adds a key or replaces its value.</summary>
    public void Set(string key, TValue value)
    {
        _root = Set(_root, key, value, out var right);
        if (right is not null)
        {
            var root = new Branch(_owner);
            root.Insert(0, _root.Keys[0], _root);
            root.Insert(1, right.Keys[0], right);
            _root = root;
        }
    }

    /// <summary>Removes a key that is there.</summary>
    public void Remove(string key)
    {
        _root = Remove(_root, key);
        while (_root is Branch { Count: 1 } branch)
        {
            _root = branch.Children[0];
        }
    }

    /// <summary>The keys from one on, in order. The map must not be changed meanwhile.</summary>
    public IEnumerable<KeyValuePair<string, TValue>> From(string from)
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

    private static Leaf Descend(Node node, string key, Stack<(Branch Branch, int Child)> path)
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
    private Node Set(Node node, string key, TValue value, out Node? right)
    {
        right = null;
        var own = node.OwnedBy(_owner);
        if (own is Leaf leaf)
        {
            var position = leaf.Search(key, 0);
            if (position >= 0)
            {
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
        branch.Children[child] = Set(branch.Children[child], key, value, out var childRight);
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

    private Node Remove(Node node, string key)
    {
        var own = node.OwnedBy(_owner);
        if (own is Leaf leaf)
        {
            leaf.RemoveAt(leaf.Search(key, 0));
            Count--;
            return leaf;
        }

        var branch = (Branch)own;
        var child = branch.ChildOf(key);
        branch.Children[child] = Remove(branch.Children[child], key);
        Tidy(branch, child);
        return branch;
    }

    // A small child is joined with a neighbour that has room for it, so that deleting gives memory back.
    private void Tidy(Branch branch, int child)
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
            var joined = branch.Children[left].OwnedBy(_owner);
            joined.Join(branch.Children[left + 1], branch.Keys[left + 1]);
            branch.Children[left] = joined;
            branch.RemoveAt(left + 1);
        }
    }

    private abstract class Node(object owner)
    {
        public readonly string[] Keys = new string[Width];

        public int Count;

        protected object Owner { get; } = owner;

        public Node OwnedBy(object owner) => ReferenceEquals(Owner, owner) ? this : CopyFor(owner);

        // As Array.BinarySearch: the position, or the complement of where the key belongs.
        public int Search(string key, int from)
        {
            var low = from;
            var high = Count - 1;
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var order = string.CompareOrdinal(Keys[middle], key);
                if (order == 0)
                {
                    return middle;
                }

                (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
            }

            return ~low;
        }

        public abstract Node SplitAt(int kept);

        public abstract void Join(Node right, string separator);

        public abstract void RemoveAt(int position);

        protected abstract Node CopyFor(object owner);

        protected void Insert<T>(T[] items, int position, string key, T item)
        {
            Array.Copy(Keys, position, Keys, position + 1, Count - position);
            Array.Copy(items, position, items, position + 1, Count - position);
            Keys[position] = key;
            items[position] = item;
            Count++;
        }

        protected void RemoveAt<T>(T[] items, int position)
        {
            Count--;
            Array.Copy(Keys, position + 1, Keys, position, Count - position);
            Array.Copy(items, position + 1, items, position, Count - position);
            Keys[Count] = null!;
            items[Count] = default!;
        }

        protected void MoveTo<T>(Node target, T[] items, T[] targetItems, int first)
        {
            var moved = Count - first;
            CopyTo(target, items, targetItems, first);
            Array.Clear(Keys, first, moved);
            Array.Clear(items, first, moved);
            Count = first;
        }

        protected void CopyTo<T>(Node target, T[] items, T[] targetItems, int first)
        {
            Array.Copy(Keys, first, target.Keys, target.Count, Count - first);
            Array.Copy(items, first, targetItems, target.Count, Count - first);
            target.Count += Count - first;
        }
    }

    private sealed class Leaf(object owner) : Node(owner)
    {
        public readonly TValue[] Values = new TValue[Width];

        public void Insert(int position, string key, TValue value) => Insert(Values, position, key, value);

        public override void RemoveAt(int position) => RemoveAt(Values, position);

        public override Node SplitAt(int kept)
        {
            var right = new Leaf(Owner);
            MoveTo(right, Values, right.Values, kept);
            return right;
        }

        public override void Join(Node right, string separator)
        {
            var leaf = (Leaf)right;
            leaf.CopyTo(this, leaf.Values, Values, 0);
        }

        protected override Node CopyFor(object owner)
        {
            var copy = new Leaf(owner);
            CopyTo(copy, Values, copy.Values, 0);
            return copy;
        }
    }

    // Keys[i] is at or below every key of Children[i], and above every key of Children[i - 1].
    private sealed class Branch(object owner) : Node(owner)
    {
        public readonly Node[] Children = new Node[Width];

        public int ChildOf(string key)
        {
            var position = Search(key, 1);
            return position >= 0 ? position : ~position - 1;
        }

        public void Insert(int position, string key, Node child) => Insert(Children, position, key, child);

        public override void RemoveAt(int position) => RemoveAt(Children, position);

        public override Node SplitAt(int kept)
        {
            var right = new Branch(Owner);
            MoveTo(right, Children, right.Children, kept);
            return right;
        }

        public override void Join(Node right, string separator)
        {
            var joint = Count;
            var branch = (Branch)right;
            branch.CopyTo(this, branch.Children, Children, 0);
            Keys[joint] = separator;
        }

        protected override Node CopyFor(object owner)
        {
            var copy = new Branch(owner);
            CopyTo(copy, Children, copy.Children, 0);
            return copy;
        }
    }
}
