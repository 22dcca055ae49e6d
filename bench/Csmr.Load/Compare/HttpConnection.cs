using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Csmr.Load.Compare;

/// <summary>
/// One connection of HTTP/1.1: sends a request, reads the answer. As little as a client can do, so that the processors are the servers'.
/// </summary>
public sealed class HttpConnection : IDisposable
{
    private static readonly byte[] HeadEnd = "\r\n\r\n"u8.ToArray();
    private static readonly byte[] LastChunk = "0\r\n\r\n"u8.ToArray();

    private readonly Socket _socket;
    private readonly byte[] _out = new byte[8 << 10];
    private byte[] _in = new byte[8 << 10];
    private int _outLength;
    private int _bodyStart;
    private int _bodyLength;

    private HttpConnection(Socket socket) => _socket = socket;

    /// <summary>The status of the last answer.</summary>
    public int Status { get; private set; }

    /// <summary>The body of the last answer, until the next one.</summary>
    public ReadOnlyMemory<byte> Body => _in.AsMemory(_bodyStart, _bodyLength);

    /// <summary>Connects.</summary>
    /// <param name="url">Where.</param>
    /// <returns>The connection.</returns>
    public static async Task<HttpConnection> OpenAsync(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Parse(url.Host), url.Port);
        return new HttpConnection(socket);
    }

    /// <summary>What every request to a path begins with, up to the length of its body.</summary>
    /// <param name="path">The path.</param>
    /// <param name="headers">Further headers, each with its end of line.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Head(string path, string headers = "") =>
        Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}Content-Length: ");

    /// <summary>Makes the next request of pieces.</summary>
    /// <param name="head">As <see cref="Head"/> makes it.</param>
    /// <param name="body">The pieces of the body.</param>
    public void Compose(ReadOnlySpan<byte> head, params ReadOnlySpan<ReadOnlyMemory<byte>> body)
    {
        var length = 0;
        foreach (var piece in body)
        {
            length += piece.Length;
        }

        head.CopyTo(_out);
        _outLength = head.Length;
        Utf8Formatter.TryFormat(length, _out.AsSpan(_outLength), out var digits);
        _outLength += digits;
        HeadEnd.CopyTo(_out, _outLength);
        _outLength += HeadEnd.Length;
        foreach (var piece in body)
        {
            piece.Span.CopyTo(_out.AsSpan(_outLength));
            _outLength += piece.Length;
        }
    }

    /// <summary>Sends what was composed and reads the answer.</summary>
    /// <returns>Completes when <see cref="Status"/> and <see cref="Body"/> are there.</returns>
    public async ValueTask SendAsync()
    {
        await _socket.SendAsync(_out.AsMemory(0, _outLength));
        var length = 0;
        do
        {
            if (length == _in.Length)
            {
                Array.Resize(ref _in, _in.Length * 2);
            }

            var count = await _socket.ReceiveAsync(_in.AsMemory(length));
            length = count == 0 ? throw new IOException("the server closed the connection") : length + count;
        }
        while (!TryParse(length));
    }

    /// <summary>The same, and requires that the answer is 200.</summary>
    /// <returns>Completes with the answer.</returns>
    /// <exception cref="HttpRequestException">It is not.</exception>
    public async ValueTask CallAsync()
    {
        await SendAsync();
        if (Status != 200)
        {
            throw new HttpRequestException($"{Status}: {Encoding.UTF8.GetString(Body.Span)}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>Whether all of an answer is there.</summary>
    private bool TryParse(int length)
    {
        var bytes = _in.AsSpan(0, length);
        var end = bytes.IndexOf(HeadEnd);
        if (end < 0)
        {
            return false;
        }

        Status = int.Parse(bytes.Slice("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture);
        _bodyStart = end + HeadEnd.Length;
        if (Header(bytes[..end], "content-length") is { Length: > 0 } text)
        {
            _bodyLength = int.Parse(text, CultureInfo.InvariantCulture);
            return length >= _bodyStart + _bodyLength;
        }

        return Header(bytes[..end], "transfer-encoding").Length > 0 && bytes.EndsWith(LastChunk) && Unchunk(bytes[_bodyStart..]);
    }

    private static ReadOnlySpan<byte> Header(ReadOnlySpan<byte> head, string name)
    {
        foreach (var range in head.Split("\r\n"u8))
        {
            var line = head[range];
            if (line.Length > name.Length && line[name.Length] == ':' && Ascii.EqualsIgnoreCase(line[..name.Length], name))
            {
                return line[(name.Length + 1)..].Trim((byte)' ');
            }
        }

        return [];
    }

    // Moves the content of the chunks together.
    private bool Unchunk(Span<byte> chunks)
    {
        var (from, to) = (0, 0);
        while (true)
        {
            var line = chunks[from..].IndexOf("\r\n"u8);
            if (line < 0 || !Utf8Parser.TryParse(chunks.Slice(from, line), out int size, out _, 'x') || from + line + 2 + size > chunks.Length)
            {
                return false;
            }

            if (size == 0)
            {
                _bodyLength = to;
                return true;
            }

            chunks.Slice(from + line + 2, size).CopyTo(chunks[to..]);
            (from, to) = (from + line + 2 + size + 2, to + size);
        }
    }
}
