using System.Net;

namespace NodeMesh.Proxy.Security;

/// <summary>What is needed to ask again whether a relayed connection may go on.</summary>
/// <param name="Home">The namespace of the destination pod.</param>
internal sealed record RelayGuard(ConnectionGuard Guard, IPAddress Client, IPEndPoint Destination, string Home);
