using System.ComponentModel;
using System.Runtime.InteropServices;

namespace NodeMesh.Proxy.Kernel;

/// <summary>
/// A file that several processes may append to, each write whole. Opened anew when something else, or nothing, has its name: whoever rotates it need
/// tell nobody. When it grows too long it makes way itself. Blocks like any write; for one thread.
/// </summary>
internal sealed unsafe class AppendFile(string path) : IDisposable
{
    private const int WriteOnly = 1, Create = 0x40, Append = 0x400, CloseOnExec = 0x80000;
    private const int Mode = 0b110_100_000; // rw-r-----
    private const int FromEnd = 2;

    // As in AccessLog's rules, which keep others off that name.
    private const string Older = ".1";

    // O_NOFOLLOW, of which ARM has its own idea: what it is on x86-64 is O_LARGEFILE there, and links would be followed (asm/fcntl.h).
    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    private int _descriptor = -1;
    private string? _name;
    private long _maxBytes;

    /// <summary>When it would grow longer it becomes the older file, in place of the one before; 0: never. Any thread may set it.</summary>
    public long MaxBytes
    {
        get => Volatile.Read(ref _maxBytes);
        set => Volatile.Write(ref _maxBytes, value);
    }

    /// <exception cref="IOException">It can't be written.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_descriptor >= 0 && NameNow() != _name)
        {
            Dispose();
        }
        Open();
        if (IsFull(bytes.Length))
        {
            MakeWay();
            Open();
        }
        WriteAll(_descriptor, bytes, path);
    }

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = LibC.close(_descriptor);
            _descriptor = -1;
        }
    }

    /// <summary>To a descriptor that is somebody else's, such as stdout.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public static void WriteAll(int descriptor, ReadOnlySpan<byte> bytes, string name)
    {
        fixed (byte* start = bytes)
        {
            for (nint at = 0; at < bytes.Length;)
            {
                var written = LibC.write(descriptor, start + at, bytes.Length - at);
                if (written < 0 && LibC.LastError != Errno.Interrupted)
                {
                    throw new IOException($"{name} can't be written: {new Win32Exception(LibC.LastError).Message}");
                }
                at += Math.Max(0, written);
            }
        }
    }

    private void Open()
    {
        if (_descriptor >= 0)
        {
            return;
        }
        _descriptor = LibC.open(path, WriteOnly | Create | Append | NoFollow | CloseOnExec, Mode);
        if (_descriptor < 0)
        {
            throw new IOException($"{path} can't be opened: {new Win32Exception(LibC.LastError).Message}");
        }
        _name = NameNow();
    }

    // What is empty is never full, whatever the limit; a pipe has no length.
    private bool IsFull(int more) => MaxBytes is > 0 and var most && LibC.lseek(_descriptor, 0, FromEnd) is > 0 and var length && length + more > most;

    private void MakeWay()
    {
        if (LibC.rename(path, path + Older) < 0)
        {
            throw new IOException($"{path} has reached its size and can't be renamed: {new Win32Exception(LibC.LastError).Message}");
        }
        Dispose();
    }

    // Another once it has been renamed or removed.
    private string? NameNow()
    {
        try
        {
            return new FileInfo($"/proc/self/fd/{_descriptor}").LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
