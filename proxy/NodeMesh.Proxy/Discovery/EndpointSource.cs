using System.Net;
using NodeMesh.Contract;

namespace NodeMesh.Proxy.Discovery;

/// <summary>An endpoint as the agent sent it, its workload not yet looked up.</summary>
/// <param name="Workload">The workload's id, or empty.</param>
internal readonly record struct EndpointSource(IPEndPoint Address, string Workload, bool Ready)
{
    public static EndpointSource From(Endpoint endpoint) =>
        new(new IPEndPoint(IPAddress.Parse(endpoint.Address), (int)endpoint.Port), endpoint.Workload, endpoint.Ready);
}
