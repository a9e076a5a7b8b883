using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Routing;

/// <summary>Where a request goes, or why it goes nowhere.</summary>
/// <param name="Address">null: refused.</param>
/// <param name="Endpoint">The endpoint chosen; null when the request goes to the original destination.</param>
/// <param name="Refusal"><see cref="Reason.None"/> unless refused.</param>
/// <param name="Backend">The share of the rule that was chosen; null without a route.</param>
/// <param name="Speaks">What the backend declares to speak; without a route it is spoken to as the client speaks.</param>
internal readonly record struct RequestDecision(
    IPEndPoint? Address, EndpointEntry? Endpoint, Reason Refusal, RouteBackend? Backend = null, Protocol Speaks = Protocol.Unspecified)
{
    /// <summary>The backend understands nothing but HTTP/2.</summary>
    public bool IsHttp2 => Speaks is Protocol.Http2 or Protocol.Grpc;

    public static RequestDecision To(EndpointEntry endpoint) => new(endpoint.Address, endpoint, Reason.None);

    public static RequestDecision To(EndpointEntry endpoint, RouteBackend backend, Protocol speaks) => new(endpoint.Address, endpoint, Reason.None, backend, speaks);

    public static RequestDecision ToOriginalDestination(IPEndPoint address) => new(address, null, Reason.None);

    public static RequestDecision Refuse(Reason reason) => new(null, null, reason);
}
