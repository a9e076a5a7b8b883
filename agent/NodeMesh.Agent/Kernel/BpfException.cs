using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Kernel;

/// <summary>A bpf(2) call failed.</summary>
internal sealed class BpfException : IOException
{
    /// <param name="attempt">What was tried, as in "attach nm_connect4 to the cgroup".</param>
    /// <param name="error">errno, positive or negative.</param>
    /// <param name="log">What the verifier said, if it said anything.</param>
    public BpfException(string attempt, int error, string? log = null)
        : base($"cannot {attempt}: {Marshal.GetPInvokeErrorMessage(Math.Abs(error))} (errno {Math.Abs(error)}){Remedy(Math.Abs(error))}{(string.IsNullOrEmpty(log) ? "" : "\n" + log)}")
    {
        Error = Math.Abs(error);
    }

    public int Error { get; }

    public static int Check(int result, string attempt) => result < 0 ? throw new BpfException(attempt, result) : result;

    private static string Remedy(int error) => error switch
    {
        Errno.NotPermitted => "; eBPF needs root (CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON), no seccomp filter on bpf(2), and no kernel lockdown",
        _ => "",
    };
}
