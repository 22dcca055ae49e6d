using System.ComponentModel;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Csmr.Storage.Files;

/// <summary>
/// The system calls for which the runtime's own methods are not good enough. <c>RandomAccess.FlushToDisk</c> of .NET 10.0.12
/// on Linux reports success when fsync fails, and <c>FileShare.None</c> can be switched off by an environment variable.
/// </summary>
/// <remarks>
/// The functions are looked up in the running program and not in "libc", so that they are found where the dynamic linker
/// finds them for everybody else: a library that is preloaded to inject faults is met too.
/// </remarks>
internal static partial class NativeCalls
{
    private const string ThisProgram = "csmr-this-program";
    private const int CloseOnExec = 0x80000;
    private const int ReadWriteCreate = 0x42;
    private const int OwnerReadWrite = 0x180;
    private const int LockExclusiveNonBlocking = 2 | 4;
    private const int WouldBlock = 11;

    static NativeCalls() => NativeLibrary.SetDllImportResolver(typeof(NativeCalls).Assembly, Resolve);

    /// <summary>Makes the content of a file durable, with the metadata needed to read it again.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its name, for the message.</param>
    public static void SyncContent(SafeFileHandle file, string path) => Check(FDataSync(file), "fdatasync", path);

    /// <summary>Makes the names in a directory durable.</summary>
    /// <param name="path">The directory.</param>
    public static void SyncDirectory(string path)
    {
        using var directory = Open(path, CloseOnExec);
        Check(FSync(directory), "fsync", path);
    }

    /// <summary>Takes the exclusive lock of a file. (The runtime's own way to open it would take a shared one before.)</summary>
    /// <param name="path">The file; created when missing.</param>
    /// <returns>The open file, which holds the lock; null when another holds it.</returns>
    public static SafeFileHandle? TryLock(string path)
    {
        var file = Open(path, ReadWriteCreate | CloseOnExec);
        try
        {
            var result = FLock(file, LockExclusiveNonBlocking);
            if (result != 0 && Marshal.GetLastPInvokeError() == WouldBlock)
            {
                file.Dispose();
                return null;
            }

            Check(result, "flock", path);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static SafeFileHandle Open(string path, int flags)
    {
        var handle = OpenFile(path, flags, OwnerReadWrite);
        Check(handle.IsInvalid ? -1 : 0, "open", path);
        return handle;
    }

    private static void Check(int result, string call, string path)
    {
        if (result != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"{call} of {path} failed: {new Win32Exception(error).Message} (errno {error})", error);
        }
    }

    private static IntPtr Resolve(string library, Assembly assembly, DllImportSearchPath? searchPath) =>
        string.Equals(library, ThisProgram, StringComparison.Ordinal) ? NativeLibrary.GetMainProgramHandle() : IntPtr.Zero;

    [LibraryImport(ThisProgram, EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport(ThisProgram, EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FSync(SafeFileHandle file);

    [LibraryImport(ThisProgram, EntryPoint = "flock", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FLock(SafeFileHandle file, int operation);

    [LibraryImport(ThisProgram, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial SafeFileHandle OpenFile(string path, int flags, int mode);
}
