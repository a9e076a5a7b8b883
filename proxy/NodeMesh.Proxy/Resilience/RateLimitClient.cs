using System.Net;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Resilience;

/// <param name="Workload">null: not a pod the mesh knows.</param>
internal readonly record struct RateLimitClient(WorkloadEntry? Workload, IPAddress Address);
