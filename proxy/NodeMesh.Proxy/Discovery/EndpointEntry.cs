using System.Net;
using NodeMesh.Proxy.Balancing;

namespace NodeMesh.Proxy.Discovery;

/// <summary>One address behind a Service port.</summary>
internal sealed record EndpointEntry(IPEndPoint Address, WorkloadEntry? Workload, EndpointLoad Load);
