namespace Csmr.TestKit.Machines;

/// <summary>Writes a view on a thread of its own, again and again, while its machine is changed.</summary>
public static class ConcurrentWriting
{
    private const int Writes = 10;

    /// <summary>Writes a view while something else is done.</summary>
    /// <param name="view">The view.</param>
    /// <param name="expected">What it must write.</param>
    /// <param name="change">Changes the machine; called until all is written.</param>
    /// <returns>Whether it wrote that every time.</returns>
    public static bool IsSame(IStateView view, byte[] expected, Action change)
    {
        var isSame = true;
        var writer = new Thread(() =>
        {
            for (var i = 0; i < Writes && isSame; i++)
            {
                isSame = Write(view, expected);
            }
        });
        writer.Start();
        do
        {
            change();
        }
        while (writer.IsAlive);
        writer.Join();
        return isSame;
    }

    // A structure that is changed while it is read may throw anything.
    private static bool Write(IStateView view, byte[] expected)
    {
        try
        {
            var output = new WireWriter(expected.Length);
            view.Write(output);
            return output.Written.SequenceEqual(expected);
        }
#pragma warning disable CA1031 // Whatever it throws: it did not write what it must.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }
}
