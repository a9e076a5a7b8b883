using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Kernel;

/// <summary>kill(2).</summary>
internal static partial class ProcessSignal
{
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>Sends a signal; a process that is gone already is no error.</summary>
    public static void Send(int pid, int signal) => _ = SendSignal(pid, signal);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
