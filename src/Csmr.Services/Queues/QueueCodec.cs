using System.Buffers;

namespace Csmr.Services.Queues;

/// <summary>
/// The snapshot of the queues: format, last number, number of queues; then for each, in the order of their names, its jobs in the
/// order of their numbers and its dead jobs in the order in which they died.
/// </summary>
internal static class QueueCodec
{
    private const byte Format = 1;

    public static void Write(QueueState state, IBufferWriter<byte> output)
    {
        var writer = new WireWriter();
        writer.Byte(Format);
        writer.VarUInt((ulong)state.LastNumber);
        writer.VarUInt((ulong)state.Count);
        foreach (var (name, queue) in state.Queues)
        {
            writer.String(name.Text);
            Write(queue.Count, queue.Jobs, writer, output);
            Write(queue.DeadCount, queue.Dead, writer, output);
        }

        writer.MoveTo(output);
    }

    public static QueueState Read(ReadOnlyMemory<byte> snapshot, Func<JobQueue> newQueue)
    {
        var reader = new WireReader(snapshot);
        SnapshotFormat.Require(ref reader, Format);
        var state = new QueueState(SnapshotFormat.NotNegative(ref reader));
        string? previous = null;
        for (var left = reader.Count(3); left > 0; left--)
        {
            var name = reader.String();
            SnapshotFormat.Require(previous is null || string.CompareOrdinal(previous, name) < 0, "the queues are not in order");
            var queue = newQueue();
            Read(ref reader, state.LastNumber, queue, isDead: false);
            Read(ref reader, state.LastNumber, queue, isDead: true);
            SnapshotFormat.Require(!queue.IsEmpty, "a queue is empty");
            state.Add(name, queue);
            previous = name;
        }

        reader.End();
        return state;
    }

    /// <summary>The items of the queues: the last number; then each job under its queue's name, the dead ones last.</summary>
    public static IEnumerable<StateItem> Items(QueueState state)
    {
        yield return new StateItem(null, StateItems.Counter(Format, state.LastNumber));
        var writer = new WireWriter();
        foreach (var (name, queue) in state.Queues)
        {
            foreach (var (job, isDead) in queue.Jobs.Select(static job => (job, false)).Concat(queue.Dead.Select(static job => (job, true))))
            {
                writer.Clear();
                writer.Bool(isDead);
                Write(job, writer);
                yield return new StateItem(name.Text, writer.ToArray());
            }
        }
    }

    public static void Take(StateItem item, QueueState state, Func<JobQueue> newQueue)
    {
        if (item.Key is null)
        {
            state.RaiseNumber(StateItems.ReadCounter(Format, item.Body));
            return;
        }

        if (state.Find(item.Key) is not { } queue)
        {
            state.Add(item.Key, queue = newQueue());
        }

        var reader = new WireReader(item.Body);
        var isDead = reader.Bool();
        ReadJob(ref reader, state.LastNumber, queue, isDead, queue.Newest?.Number ?? 0);
        reader.End();
    }

    private static void Write(int count, IEnumerable<Job> jobs, WireWriter writer, IBufferWriter<byte> output)
    {
        writer.VarUInt((ulong)count);
        foreach (var job in jobs)
        {
            Write(job, writer);
            SnapshotFormat.FlushPiece(writer, output);
        }
    }

    private static void Write(Job job, WireWriter writer)
    {
        writer.VarUInt((ulong)job.Number);
        writer.Bytes(job.Body);
        writer.Value(Value.Of(job.Id));
        writer.VarUInt((ulong)job.Attempts);
        writer.VarUInt((ulong)job.Token);
        writer.VarUInt((ulong)job.UntilMs);
    }

    private static void Read(ref WireReader reader, long lastNumber, JobQueue queue, bool isDead)
    {
        var previous = 0L;
        for (var left = reader.Count(6); left > 0; left--)
        {
            previous = ReadJob(ref reader, lastNumber, queue, isDead, previous);
        }
    }

    private static long ReadJob(ref WireReader reader, long lastNumber, JobQueue queue, bool isDead, long previous)
    {
        var number = SnapshotFormat.Positive(ref reader);
        SnapshotFormat.Require(number <= lastNumber && (isDead || number > previous), "the numbers of jobs are not in order");
        var body = reader.Bytes().ToArray();
        var id = reader.Value();
        SnapshotFormat.Require(id.Kind is ValueKind.Null or ValueKind.String, "the id of a job is no text");
        var job = new Job(number, body, id.IsNull ? null : id.AsString())
        {
            Attempts = SnapshotFormat.NotNegative(ref reader),
            Token = SnapshotFormat.NotNegative(ref reader),
            UntilMs = SnapshotFormat.NotNegative(ref reader),
        };
        SnapshotFormat.Require(job.Token <= lastNumber && (job.Token == 0 || job.UntilMs > 0), "a job is held without an end");
        SnapshotFormat.Require(!isDead || (job.Token == 0 && job.UntilMs == 0), "a dead job is held");
        SnapshotFormat.Require(job.Id is null || queue.OfId(job.Id) is null, "two jobs have one id");
        if (isDead)
        {
            SnapshotFormat.Require(queue.OfDead(number) is null, "a dead job is there twice");
            queue.AddDead(job);
        }
        else
        {
            queue.Add(job);
        }

        return number;
    }
}
