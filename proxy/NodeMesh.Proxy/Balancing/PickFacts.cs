using System.Net;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Balancing;

/// <summary>What the choice of an endpoint may depend on.</summary>
/// <param name="Source">null: not a pod the mesh knows.</param>
/// <param name="Head">Of a request; for a connection relayed as bytes, default.</param>
internal readonly record struct PickFacts(WorkloadEntry? Source, IPAddress? Client, RequestHead Head)
{
    public bool IsRequest => Head.Method is not null;
}
