using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Routing;

/// <summary>Decides where the requests of one connection go. Requests of one HTTP/2 connection may ask at the same time.</summary>
/// <param name="http2">What the client speaks.</param>
internal sealed class RequestRouter(
    SnapshotStore store, LoadBalancer balancer, ConnectionRoute route, IPEndPoint originalDestination, IPAddress? client = null, bool http2 = false)
{
    // How often another endpoint than the one that failed is looked for.
    private const int OtherTries = 4;

    private sealed record Resolved(MeshSnapshot Snapshot, ServicePortEntry? Port, RouteTableEntry? Table);

    // The Service port as the snapshot in force has it, looked up once per snapshot. One reference, so that threads see both or neither.
    private Resolved? _resolved;

    /// <summary>The first decision for a request without a route that has more to say.</summary>
    public RequestDecision Decide(in RequestHead head)
    {
        var choice = Route(head);
        return choice.Refusal == Reason.None ? Pick(choice, head) : RequestDecision.Refuse(choice.Refusal);
    }

    /// <summary>Finds the rule for a request.</summary>
    public RouteChoice Route(in RequestHead head)
    {
        var snapshot = store.Current;
        if (!route.IsClusterIp)
        {
            return new RouteChoice(snapshot, null, null, Reason.None);
        }
        var resolved = _resolved;
        if (resolved is null || !ReferenceEquals(resolved.Snapshot, snapshot))
        {
            var port = snapshot.FindClusterIp(originalDestination.Address, originalDestination.Port);
            var table = port is null ? null : snapshot.FindRoutes(port.Service, port.Port, route.Source?.Namespace ?? "");
            _resolved = resolved = new Resolved(snapshot, port, table is { IsHttp: true } ? table : null);
        }
        if (resolved.Table is null)
        {
            return new RouteChoice(snapshot, resolved.Port, null, Reason.None);
        }
        var match = resolved.Table.Find(head);
        var refusal = match is null ? Reason.NoRoute : match.Rule.IsUsable ? Reason.None : Reason.InvalidFilter;
        return new RouteChoice(snapshot, resolved.Port, match, refusal);
    }

    /// <summary>Picks an endpoint.</summary>
    /// <param name="avoid">One that just failed: another is taken if there is one.</param>
    public RequestDecision Pick(in RouteChoice choice, in RequestHead head, EndpointEntry? avoid = null)
    {
        if (!route.IsClusterIp)
        {
            return RequestDecision.ToOriginalDestination(originalDestination, http2);
        }
        if (choice.Rule is not { } rule)
        {
            return (avoid is null && choice.Port?.Traffic.Session is not null ? FindSession(choice.Port, null, null, head) : null) ?? Balance(choice.Port, null, head, avoid);
        }
        if (avoid is null && (rule.Rule.SessionPersistence is not null || choice.Snapshot.PoliciesOf.HasSessions) && FindSession(choice.Snapshot, rule, head) is { } kept)
        {
            return kept;
        }
        if (rule.Pick(balancer.Random) is not { Port: not null } backend || !RouteRuleEntry.AreUsable(backend.Filters))
        {
            return RequestDecision.Refuse(Reason.InvalidBackend);
        }
        return Balance(choice.Snapshot.FindServicePort(backend.Port.Service, (int)backend.Port.Port), backend, head, avoid);
    }

    /// <summary>Where a copy of a request goes; without an address there is none.</summary>
    public RequestDecision PickMirror(in RouteChoice choice, in RequestHead head, Mirror mirror) =>
        balancer.Random.NextInt64(mirror.Denominator) < mirror.Numerator
        && choice.Snapshot.FindServicePort(mirror.Port.Service, (int)mirror.Port.Port) is { } port
        && balancer.Pick(port, originalDestination.AddressFamily, new PickFacts(route.Source, client, default)) is { } endpoint
            ? RequestDecision.To(endpoint, null, IsHttp2(port, isBackend: true, head))
            : RequestDecision.Refuse(Reason.NoEndpoints);

    /// <summary>An endpoint of a Service that is to be asked something; null: there is none now.</summary>
    public EndpointEntry? PickService(MeshSnapshot snapshot, BackendPort service) =>
        snapshot.FindServicePort(service.Service, (int)service.Port) is { } port ? balancer.Pick(port, originalDestination.AddressFamily) : null;

    private RequestDecision Balance(ServicePortEntry? port, RouteBackend? backend, in RequestHead head, EndpointEntry? avoid)
    {
        if (port is null)
        {
            return RequestDecision.Refuse(Reason.NoEndpoints);
        }
        var isHttp2 = IsHttp2(port, backend is not null, head);
        if (port.Traffic.IsOpen(isRequest: true, holdsConnection: !isHttp2))
        {
            return RequestDecision.Refuse(port.Traffic);
        }
        var facts = new PickFacts(route.Source, client, head);
        var endpoint = balancer.Pick(port, originalDestination.AddressFamily, facts);
        for (var tries = 0; avoid is not null && tries < OtherTries && endpoint is not null && endpoint.Address.Equals(avoid.Address); tries++)
        {
            endpoint = balancer.Pick(port, originalDestination.AddressFamily, facts);
        }
        return endpoint is null ? RequestDecision.Refuse(Reason.NoEndpoints) : RequestDecision.To(endpoint, backend, isHttp2);
    }

    // As the policy says, but for what HTTP/1.1 has not; else as a backend declares; else as the client does.
    private bool IsHttp2(ServicePortEntry port, bool isBackend, in RequestHead head) => port.Traffic.Rules switch
    {
        { Http1: true } => http2 && (head.IsGrpc || head.Method == "CONNECT"),
        { Http2: true } => true,
        _ => http2 || (isBackend && port.Protocol is Protocol.Http2 or Protocol.Grpc),
    };

    private RequestDecision? FindSession(MeshSnapshot snapshot, RouteRuleEntry rule, in RequestHead head)
    {
        foreach (var backend in rule.Backends)
        {
            if (backend.Port is not null && snapshot.FindServicePort(backend.Port.Service, (int)backend.Port.Port) is { } port
                && FindSession(port, rule.Rule.SessionPersistence, backend, head) is { } kept)
            {
                return kept;
            }
        }
        return null;
    }

    // Where the request's session is; null: it has none there, or it is at an endpoint that is gone or fails, and begins anew.
    private RequestDecision? FindSession(ServicePortEntry port, SessionPersistence? session, RouteBackend? backend, in RequestHead head)
    {
        if ((session ?? port.Traffic.Session) is not { } counts || SessionToken.Read(counts, head, balancer.Now()) is not { } token)
        {
            return null;
        }
        foreach (var endpoint in port.EndpointsFor(originalDestination.AddressFamily))
        {
            if (SessionToken.Of(endpoint) != token)
            {
                continue;
            }
            var isHttp2 = IsHttp2(port, backend is not null, head);
            return balancer.IsSpared(endpoint) ? null
                : backend is not null && !RouteRuleEntry.AreUsable(backend.Filters) ? RequestDecision.Refuse(Reason.InvalidBackend)
                : port.Traffic.IsOpen(isRequest: true, holdsConnection: !isHttp2) ? RequestDecision.Refuse(port.Traffic)
                : RequestDecision.To(endpoint, backend, isHttp2);
        }
        return null;
    }
}
