using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Csmr.Load.Compare.Systems;

/// <summary>
/// A session of ZooKeeper by its own protocol: what the loads need of it. Calls of any number of clients follow one another without
/// waiting, and what is to be sent while a packet is being sent goes out in the next one: as its native clients do.
/// </summary>
public sealed class ZooKeeperConnection : IDisposable
{
    private const int Create = 1;
    private const int Delete = 2;
    private const int GetData = 4;
    private const int SetData = 5;
    private const int Sync = 9;
    private const int NodeExists = -110;
    private const int SessionTimeoutMs = 120_000;

    private readonly Socket _socket;
    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<TaskCompletionSource<int>> _calls = [];
    private ArrayBufferWriter<byte> _filling = new(64 << 10);
    private ArrayBufferWriter<byte> _sending = new(64 << 10);
    private bool _isSending;
    private int _lastCall;

    private ZooKeeperConnection(Socket socket) => _socket = socket;

    /// <summary>Connects and starts a session.</summary>
    /// <param name="port">The server's port.</param>
    /// <returns>The session.</returns>
    public static async Task<ZooKeeperConnection> OpenAsync(int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var connection = new ZooKeeperConnection(socket);
        await connection.StartSessionAsync();
        _ = connection.ReceiveAsync();
        return connection;
    }

    /// <summary>Makes a node.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="isEphemeral">Whether it goes with the session.</param>
    /// <returns>Whether it was not there.</returns>
    public async Task<bool> CreateAsync(string path, bool isEphemeral)
    {
        var result = await CallAsync(Create, request =>
        {
            request.Text(path).Bytes([]).Number(1).Number(31).Text("world").Text("anyone").Number(isEphemeral ? 1 : 0);
        });
        return result == 0 || (result == NodeExists ? false : throw new InvalidOperationException($"create {path}: {result}"));
    }

    /// <summary>Removes a node.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>Completes with the answer.</returns>
    public Task DeleteAsync(string path) => RequireAsync(CallAsync(Delete, request => request.Text(path).Number(-1)), path);

    /// <summary>Sets a node's data.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="data">The data.</param>
    /// <returns>Completes with the answer.</returns>
    public Task SetAsync(string path, byte[] data) => RequireAsync(CallAsync(SetData, request => request.Text(path).Bytes(data).Number(-1)), path);

    /// <summary>Reads a node's data, linearizably: behind a sync, without waiting for it.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>Completes with the answer.</returns>
    public Task GetAsync(string path)
    {
        _ = CallAsync(Sync, request => request.Text(path));
        return RequireAsync(CallAsync(GetData, request => request.Text(path).Truth(false)), path);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static async Task RequireAsync(Task<int> call, string path)
    {
        if (await call is not 0 and var error)
        {
            throw new InvalidOperationException($"{path}: {error}");
        }
    }

    private Task<int> CallAsync(int operation, Action<ZooKeeperRequest> write)
    {
        var answer = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _calls.Enqueue(answer);
            var request = new ZooKeeperRequest(_filling);
            request.Number(++_lastCall).Number(operation);
            write(request);
            request.End();
            if (_isSending)
            {
                return answer.Task;
            }

            _isSending = true;
        }

        _ = SendAsync();
        return answer.Task;
    }

    private async Task SendAsync()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_filling.WrittenCount == 0)
                {
                    _isSending = false;
                    return;
                }

                (_filling, _sending) = (_sending, _filling);
            }

            await _socket.SendAsync(_sending.WrittenMemory);
            _sending.ResetWrittenCount();
        }
    }

    private async Task StartSessionAsync()
    {
        var buffer = new ArrayBufferWriter<byte>();
        var request = new ZooKeeperRequest(buffer);
        request.Number(0).Number(0).Number(0).Number(SessionTimeoutMs).Number(0).Number(0).Bytes(new byte[16]).Truth(false);
        request.End();
        await _socket.SendAsync(buffer.WrittenMemory);
        var answer = new byte[256];
        await ReadAsync(answer.AsMemory(0, 4));
        await ReadAsync(answer.AsMemory(0, BinaryPrimitives.ReadInt32BigEndian(answer)));
    }

    private async Task ReadAsync(Memory<byte> bytes)
    {
        for (var length = 0; length < bytes.Length;)
        {
            var count = await _socket.ReceiveAsync(bytes[length..]);
            length = count == 0 ? throw new IOException("ZooKeeper closed the connection") : length + count;
        }
    }

    /// <summary>Answers come in the order of the calls; each begins with its length, the call's number, a time stamp and an error.</summary>
    private async Task ReceiveAsync()
    {
        var buffer = new byte[64 << 10];
        var length = 0;
        try
        {
            while (await _socket.ReceiveAsync(buffer.AsMemory(length)) is var count and > 0)
            {
                length += count;
                var start = 0;
                while (length - start >= 4 && BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(start)) is var size && length - start >= 4 + size)
                {
                    if (_calls.TryDequeue(out var call))
                    {
                        call.SetResult(BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(start + 16)));
                    }

                    start += 4 + size;
                }

                buffer.AsSpan(start, length - start).CopyTo(buffer);
                length -= start;
            }
        }
        catch (SocketException)
        {
            // Disposed of, or the server is gone: said below.
        }

        while (_calls.TryDequeue(out var call))
        {
            call.SetException(new IOException("ZooKeeper closed the connection"));
        }
    }
}

/// <summary>Writes a request as ZooKeeper reads it: numbers with the high byte first, texts and bytes behind their lengths.</summary>
internal readonly struct ZooKeeperRequest
{
    private readonly ArrayBufferWriter<byte> _buffer;
    private readonly int _start;

    public ZooKeeperRequest(ArrayBufferWriter<byte> buffer)
    {
        (_buffer, _start) = (buffer, buffer.WrittenCount);
        Number(0);
    }

    public ZooKeeperRequest Number(int number)
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer.GetSpan(4), number);
        _buffer.Advance(4);
        return this;
    }

    public ZooKeeperRequest Text(string text)
    {
        Number(text.Length);
        _buffer.Advance(Encoding.ASCII.GetBytes(text, _buffer.GetSpan(text.Length)));
        return this;
    }

    public ZooKeeperRequest Bytes(ReadOnlySpan<byte> bytes)
    {
        Number(bytes.Length);
        _buffer.Write(bytes);
        return this;
    }

    public ZooKeeperRequest Truth(bool value)
    {
        _buffer.Write([value ? (byte)1 : (byte)0]);
        return this;
    }

    /// <summary>Puts the length in front.</summary>
    public void End()
    {
        var bytes = System.Runtime.InteropServices.MemoryMarshal.AsMemory(_buffer.WrittenMemory)[_start..];
        BinaryPrimitives.WriteInt32BigEndian(bytes.Span, bytes.Length - 4);
    }
}
