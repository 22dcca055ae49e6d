using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Csmr.Chaos.Network;

/// <summary>
/// An Ethernet interface whose cable ends here: what the system sends on it is read, what is written arrives at the system. The
/// interface vanishes when this is disposed of or the process ends, whichever namespace it is in by then.
/// </summary>
internal sealed class TapDevice : IDisposable
{
    private const string DevicePath = "/dev/net/tun";
    private const int OpenFlags = 2 | 0x800 | 0x80000; // O_RDWR, O_NONBLOCK, O_CLOEXEC
    private const ulong SetInterface = 0x4004_54ca; // TUNSETIFF
    private const short TapWithoutHeader = 0x0002 | 0x1000; // IFF_TAP, IFF_NO_PI
    private const int NameBytes = 16;
    private const int RequestBytes = 40; // struct ifreq
    private const int InterruptedCall = 4;
    private const short Readable = 1; // POLLIN

    private readonly SafeFileHandle _handle;

    private TapDevice(SafeFileHandle handle, string name) => (_handle, Name) = (handle, name);

    /// <summary>The name that the system gave it.</summary>
    public string Name { get; }

    /// <summary>Makes one.</summary>
    /// <param name="pattern">Its name, with <c>%d</c> for a free number.</param>
    public static TapDevice Create(string pattern)
    {
        var handle = Open(DevicePath, OpenFlags);
        if (handle.IsInvalid)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        var request = new byte[RequestBytes];
        Encoding.ASCII.GetBytes(pattern, request);
        BitConverter.TryWriteBytes(request.AsSpan(NameBytes), TapWithoutHeader);
        if (IoControl(handle, SetInterface, request) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw new Win32Exception(error);
        }

        var end = Array.IndexOf(request, (byte)0);
        return new TapDevice(handle, Encoding.ASCII.GetString(request, 0, end));
    }

    /// <summary>Waits until one of several has a frame.</summary>
    /// <param name="devices">The devices.</param>
    /// <param name="limit">The longest time to wait.</param>
    /// <param name="isReadable">Is set for those that have.</param>
    public static void WaitAny(IReadOnlyList<TapDevice> devices, TimeSpan limit, bool[] isReadable)
    {
        Span<PollEntry> entries = stackalloc PollEntry[devices.Count];
        for (var i = 0; i < devices.Count; i++)
        {
            entries[i] = new PollEntry { File = (int)devices[i]._handle.DangerousGetHandle(), Wanted = Readable };
        }

        var result = Poll(ref entries[0], (nuint)devices.Count, (int)Math.Ceiling(limit.TotalMilliseconds));
        if (result < 0 && Marshal.GetLastPInvokeError() != InterruptedCall)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        for (var i = 0; i < devices.Count; i++)
        {
            isReadable[i] = (entries[i].Happened & Readable) != 0;
        }
    }

    /// <summary>Takes the next frame.</summary>
    /// <returns>Its length; 0 where there is none.</returns>
    public int Read(byte[] buffer) => (int)Math.Max(0, Read(_handle, buffer, (nuint)buffer.Length));

    /// <summary>Hands a frame over. One that the system will not take is lost, as on any network.</summary>
    public void Write(ReadOnlySpan<byte> frame) => _ = Write(_handle, ref MemoryMarshal.GetReference(frame), (nuint)frame.Length);

    public void Dispose() => _handle.Dispose();

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int IoControl(SafeFileHandle file, ulong request, byte[] argument);

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Poll(ref PollEntry entries, nuint count, int timeoutMs);

    [DllImport("libc", EntryPoint = "read", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Read(SafeFileHandle file, byte[] buffer, nuint count);

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Write(SafeFileHandle file, ref byte frame, nuint count);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int File;
        public short Wanted;
        public short Happened;
    }
}
