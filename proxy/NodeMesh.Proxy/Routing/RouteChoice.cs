using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Routing;

/// <summary>What the routes say about a request, before an endpoint is picked for it.</summary>
/// <param name="Snapshot">The one it was made with: whatever follows from it uses the same.</param>
/// <param name="Port">The Service port dialled; null: the request goes to the original destination, or the Service is gone.</param>
/// <param name="Match">null: no route is for this Service port.</param>
/// <param name="Refusal"><see cref="Reason.None"/> unless refused.</param>
internal readonly record struct RouteChoice(MeshSnapshot Snapshot, ServicePortEntry? Port, RoutePattern? Match, Reason Refusal)
{
    public RouteRuleEntry? Rule => Match?.Rule;
}
