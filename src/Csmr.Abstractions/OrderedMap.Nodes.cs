namespace Csmr;

/// <content>The nodes of the tree.</content>
public sealed partial class OrderedMap<TKey, TValue>
{
    private abstract class Node(object owner, int capacity)
    {
        public TKey[] Keys = new TKey[capacity];

        public int Count;

        protected object Owner { get; } = owner;

        public Node OwnedBy(object owner) => ReferenceEquals(Owner, owner) ? this : CopyFor(owner);

        // As Array.BinarySearch: the position, or the complement of where the key belongs.
        public int Search(TKey key, int from)
        {
            var low = from;
            var high = Count - 1;
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var order = Keys[middle].CompareTo(key);
                if (order == 0)
                {
                    return middle;
                }

                (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
            }

            return ~low;
        }

        public abstract Node SplitAt(int kept);

        public abstract void Join(Node right, TKey separator);

        public abstract void RemoveAt(int position);

        protected abstract Node CopyFor(object owner);

        protected void Insert<T>(T[] items, int position, TKey key, T item)
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
            Keys[Count] = default;
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

    // The only leaf of a small map grows, so that many small maps do not take much room; all others have room for Width keys.
    private sealed class Leaf(object owner, int capacity) : Node(owner, capacity)
    {
        public TValue[] Values = new TValue[capacity];

        public void Insert(int position, TKey key, TValue value)
        {
            if (Count == Keys.Length)
            {
                Array.Resize(ref Keys, Count * 2);
                Array.Resize(ref Values, Count * 2);
            }

            Insert(Values, position, key, value);
        }

        public override void RemoveAt(int position) => RemoveAt(Values, position);

        public override Node SplitAt(int kept)
        {
            var right = new Leaf(Owner, Width);
            MoveTo(right, Values, right.Values, kept);
            return right;
        }

        public override void Join(Node right, TKey separator)
        {
            var leaf = (Leaf)right;
            leaf.CopyTo(this, leaf.Values, Values, 0);
        }

        protected override Node CopyFor(object owner)
        {
            var copy = new Leaf(owner, Math.Max(Keys.Length, LeafCapacityMin));
            CopyTo(copy, Values, copy.Values, 0);
            return copy;
        }
    }

    // Keys[i] is at or below every key of Children[i], and above every key of Children[i - 1].
    private sealed class Branch(object owner) : Node(owner, Width)
    {
        public readonly Node[] Children = new Node[Width];

        public int ChildOf(TKey key)
        {
            var position = Search(key, 1);
            return position >= 0 ? position : ~position - 1;
        }

        public void Insert(int position, TKey key, Node child) => Insert(Children, position, key, child);

        public override void RemoveAt(int position) => RemoveAt(Children, position);

        public override Node SplitAt(int kept)
        {
            var right = new Branch(Owner);
            MoveTo(right, Children, right.Children, kept);
            return right;
        }

        public override void Join(Node right, TKey separator)
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
