using System.Net;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>An endpoint of the hub's server that has no address: its connections are accepted elsewhere and handed over.</summary>
internal sealed class HubEndPoint(string name) : EndPoint
{
    public override string ToString() => name;
}
