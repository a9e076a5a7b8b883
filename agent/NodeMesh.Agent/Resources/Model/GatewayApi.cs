namespace NodeMesh.Agent.Resources.Model;

/// <summary>The words of the Gateway API.</summary>
internal static class GatewayApi
{
    public const string Group = "gateway.networking.k8s.io";
    public const string HttpRoute = "HTTPRoute";
    public const string GrpcRoute = "GRPCRoute";
    public const string TlsRoute = "TLSRoute";
    public const string TcpRoute = "TCPRoute";
    public const string ReferenceGrant = "ReferenceGrant";
}
