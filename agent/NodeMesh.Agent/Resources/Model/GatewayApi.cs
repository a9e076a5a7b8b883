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
    public const string BackendTlsPolicy = "BackendTLSPolicy";

    /// <summary>Of what is not settled yet.</summary>
    public const string ExperimentalGroup = "gateway.networking.x-k8s.io";
    public const string BackendTrafficPolicy = "XBackendTrafficPolicy";
}
