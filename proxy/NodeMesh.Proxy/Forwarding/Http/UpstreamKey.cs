using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>What connections to an upstream have to have in common to be shared: the destination, and the client that it sees.</summary>
internal readonly record struct UpstreamKey(AddressKey Client, AddressKey Endpoint);
