namespace Csmr.Services;

/// <summary>What the items of the shipped machines have in common: the one without a key has the format and a counter.</summary>
internal static class StateItems
{
    public static byte[] Counter(byte format, long counter)
    {
        var writer = new WireWriter(16);
        writer.Byte(format);
        writer.VarUInt((ulong)counter);
        return writer.ToArray();
    }

    public static long ReadCounter(byte format, ReadOnlyMemory<byte> body)
    {
        var reader = new WireReader(body);
        SnapshotFormat.Require(ref reader, format);
        var counter = SnapshotFormat.NotNegative(ref reader);
        reader.End();
        return counter;
    }
}
