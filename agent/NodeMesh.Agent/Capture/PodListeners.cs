using System.Net.Sockets;

namespace NodeMesh.Agent.Capture;

/// <summary>
/// The two listening sockets of a pod, in its namespace. Dual-stack and IP_TRANSPARENT, each on a port the kernel chose;
/// nobody reaches them by that port, connections are assigned to them.
/// </summary>
internal sealed record PodListeners(SafeSocketHandle Outbound, SafeSocketHandle Inbound) : IDisposable
{
    public void Dispose()
    {
        Outbound.Dispose();
        Inbound.Dispose();
    }
}
