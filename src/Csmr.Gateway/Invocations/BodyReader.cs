using System.Buffers;
using System.IO.Pipelines;

namespace Csmr.Gateway.Invocations;

/// <summary>Reads a body into one array of its own size, never holding more than the limit.</summary>
internal static class BodyReader
{
    // A caller that announces much and sends nothing must not make us hold much.
    private const int BufferBytesFirst = 4 << 10;

    private static readonly byte[] NoArguments = "{}"u8.ToArray();

    /// <summary>Reads the whole body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="bytesMax">The most bytes that are read.</param>
    /// <returns>The body, an empty object where it is empty; null where it is too large.</returns>
    public static ValueTask<byte[]?> ReadAsync(HttpRequest request, int bytesMax)
    {
        if (request.ContentLength is 0)
        {
            return new(NoArguments);
        }

        return request.ContentLength > bytesMax ? new((byte[]?)null) : ReadAsync(request.BodyReader, bytesMax, request.HttpContext.RequestAborted);
    }

    private static async ValueTask<byte[]?> ReadAsync(PipeReader pipe, int bytesMax, CancellationToken aborted)
    {
        byte[] rented = [];
        var length = 0;
        try
        {
            while (true)
            {
                var read = await ReadPieceAsync(pipe, aborted);
                var piece = read.Buffer;
                if (length + piece.Length > bytesMax)
                {
                    pipe.AdvanceTo(piece.End);
                    return null;
                }

                if (length == 0 && read.IsCompleted)
                {
                    // The usual case: all of it came at once.
                    var whole = piece.IsEmpty ? NoArguments : piece.ToArray();
                    pipe.AdvanceTo(piece.End);
                    return whole;
                }

                rented = Grow(rented, length, (int)piece.Length);
                piece.CopyTo(rented.AsSpan(length));
                length += (int)piece.Length;
                pipe.AdvanceTo(piece.End);
                if (read.IsCompleted)
                {
                    return rented.AsSpan(0, length).ToArray();
                }
            }
        }
        finally
        {
            if (rented.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private static async ValueTask<ReadResult> ReadPieceAsync(PipeReader pipe, CancellationToken aborted)
    {
        try
        {
            return await pipe.ReadAsync(aborted);
        }
        catch (IOException error) when (error is not BadHttpRequestException)
        {
            // A length of a chunk that does not fit into its type reaches us as this, other bad chunks as the right exception.
            throw new BadHttpRequestException("The body cannot be read: its chunks have no right lengths, or the connection broke.", error);
        }
    }

    private static byte[] Grow(byte[] rented, int length, int more)
    {
        if (rented.Length - length >= more)
        {
            return rented;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(rented.Length * 2, length + more), BufferBytesFirst));
        rented.AsSpan(0, length).CopyTo(larger);
        if (rented.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return larger;
    }
}
