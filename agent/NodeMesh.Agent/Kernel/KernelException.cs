using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Kernel;

/// <summary>A system call or a netlink request the kernel refused.</summary>
/// <param name="what">What was asked of the kernel, with the name of the object.</param>
/// <param name="errno">The kernel's answer.</param>
internal sealed class KernelException(string what, int errno)
    : IOException($"{what}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})")
{
    public int Errno { get; } = errno;

    /// <summary>For right after a P/Invoke with SetLastError.</summary>
    public static KernelException Last(string what) => new(what, Marshal.GetLastPInvokeError());
}
