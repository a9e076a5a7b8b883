using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>What connections to an upstream have to have in common to be shared: the destination, and the client that it sees.</summary>
/// <param name="Port">The Service port whose rules are theirs; 0: none.</param>
/// <param name="Tls">The policy by which the destination is trusted; 0: none.</param>
internal readonly record struct UpstreamKey(AddressKey Client, AddressKey Endpoint, int Port, int Tls);
