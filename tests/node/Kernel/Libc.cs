using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.NodeTests.Kernel;

internal static partial class Libc
{
    public const int SIGHUP = 1;
    public const int SIGKILL = 9;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;
    public const int SIGTERM = 15;

    private const int CLONE_NEWNET = 0x40000000;

    public static void Signal(int pid, int signal) => _ = Kill(pid, signal);

    /// <summary>Moves the calling thread, which must never be used for anything else again.</summary>
    public static void EnterNetns(SafeFileHandle netns)
    {
        if (SetNs(netns, CLONE_NEWNET) != 0)
        {
            throw new IOException($"setns: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNs(SafeFileHandle netns, int type);
}
