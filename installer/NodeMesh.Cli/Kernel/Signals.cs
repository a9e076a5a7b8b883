using static Tmds.Linux.LibC;

namespace NodeMesh.Cli.Kernel;

/// <summary>kill(2).</summary>
internal static class Signals
{
    public const int HangUp = 1;
    public const int Terminate = 15;
    public const int Kill = 9;

    // ESRCH from either: it has just ended, which is what signals are sent for here.
    public static void Send(int process, int signal) => _ = kill(process, signal);

    /// <summary>Signals what is left of a process group; its leader may be gone.</summary>
    public static void SendToGroup(int group, int signal) => _ = kill(-group, signal);
}
