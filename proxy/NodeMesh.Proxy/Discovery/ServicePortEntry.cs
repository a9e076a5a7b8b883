using NodeMesh.Contract;

namespace NodeMesh.Proxy.Discovery;

/// <summary>One port of a Service. Immutable but for the live load of its endpoints, which survives snapshots that keep the endpoint.</summary>
/// <param name="Service">namespace/name</param>
/// <param name="Endpoints">Ready endpoints only.</param>
internal sealed record ServicePortEntry(string Service, string Namespace, string Name, int Port, string PortName, Protocol Protocol, EndpointEntry[] Endpoints);
