using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Routing;

/// <summary>Where a request goes, or why it goes nowhere.</summary>
/// <param name="Address">null: refused.</param>
/// <param name="Endpoint">The endpoint chosen; null when the request goes to the original destination.</param>
/// <param name="Refusal"><see cref="Reason.None"/> unless refused.</param>
/// <param name="Backend">The share of the rule that was chosen; null without a route.</param>
/// <param name="Speaks">What the backend declares to speak; without a route it is spoken to as the client speaks.</param>
/// <param name="Full">Of a circuit that is open: where the request may wait; else null.</param>
internal readonly record struct RequestDecision(
    IPEndPoint? Address, EndpointEntry? Endpoint, Reason Refusal, RouteBackend? Backend = null, Protocol Speaks = Protocol.Unspecified, PortTraffic? Full = null)
{
    /// <summary>The backend understands nothing but HTTP/2, or shall be spoken to in it.</summary>
    public bool IsHttp2 => Speaks is Protocol.Http2 or Protocol.Grpc || Endpoint?.Load.Port?.Rules is { Http2: true };

    public static RequestDecision To(EndpointEntry endpoint) => new(endpoint.Address, endpoint, Reason.None);

    public static RequestDecision To(EndpointEntry endpoint, RouteBackend backend, Protocol speaks) => new(endpoint.Address, endpoint, Reason.None, backend, speaks);

    public static RequestDecision ToOriginalDestination(IPEndPoint address) => new(address, null, Reason.None);

    /// <param name="full">What has no room for it now.</param>
    public static RequestDecision Refuse(PortTraffic full) => new(null, null, Reason.CircuitOpen, Full: full);

    public static RequestDecision Refuse(Reason reason) => new(null, null, reason);
}
