using System.Net;

namespace NodeMesh.Proxy.Accepting;

/// <summary>The captured pods of this node, by address. Written by the socket channel, read by everyone.</summary>
internal sealed class PodTable
{
    public LocalPod? Find(IPAddress address) => throw new NotSupportedException(address.ToString());
}
