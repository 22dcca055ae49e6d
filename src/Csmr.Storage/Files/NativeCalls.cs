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
    private const int ReadOnlyCloseOnExec = 0x80000;
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
        using var directory = OpenDirectory(path, ReadOnlyCloseOnExec);
        Check(directory.IsInvalid ? -1 : 0, "open", path);
        Check(FSync(directory), "fsync", path);
    }

    /// <summary>Takes an exclusive lock on an open file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Its name, for the message.</param>
    /// <returns>Whether it was free.</returns>
    public static bool TryLock(SafeFileHandle file, string path)
    {
        var result = FLock(file, LockExclusiveNonBlocking);
        if (result != 0 && Marshal.GetLastPInvokeError() == WouldBlock)
        {
            return false;
        }

        Check(result, "flock", path);
        return true;
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
    private static partial SafeFileHandle OpenDirectory(string path, int flags);
}
