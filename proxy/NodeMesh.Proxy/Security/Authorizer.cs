using System.Net;
using Microsoft.Extensions.Logging;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Security;

/// <summary>
/// Asks the policies in force whether somebody may reach a pod of this node. The source is looked up anew each time: when its connection
/// was accepted, the snapshot may not have known it yet.
/// </summary>
internal sealed partial class Authorizer(SnapshotStore store, NodeAddresses node, PolicyMetrics metrics, ILogger<Authorizer> logger)
{
    public bool AllowsRequest(IPAddress client, IPEndPoint destination, string? home, in RequestHead head, TrafficRecord? record = null)
    {
        var snapshot = store.Current;
        if (snapshot.Access.RulesFor(destination, home) is not { } rules)
        {
            return true;
        }
        return AllowsRequest(snapshot, rules, client, destination, head, record);
    }

    /// <summary>By the rules of its route, asked beside the client.</summary>
    /// <param name="destination">Of the Service, as the client dialled it.</param>
    public bool AllowsRequest(MeshSnapshot snapshot, AccessRules rules, IPAddress client, IPEndPoint destination, in RequestHead head, TrafficRecord? record = null)
    {
        var facts = new AccessFacts(snapshot.FindWorkload(client), client, destination.Port);
        foreach (var audit in rules.Audits(facts, head))
        {
            metrics.Audited(audit);
            LogAudited(logger, audit, facts.Source?.Id ?? "unknown", client, destination, head.Method, head.Target);
        }
        var decision = rules.Decide(facts, head);
        return (decision.Access == Access.Denied && IsProbe(snapshot, client, destination, head)) || Told(decision, facts, destination, record);
    }

    /// <summary>For a request under way by a route: denied, if any of its client's would be. Neither counted nor logged.</summary>
    public Access Foresee(IPAddress client, IPEndPoint destination, in RouteChoice choice)
    {
        var snapshot = store.Current;
        return choice.Port is not null && snapshot.PoliciesOf.For(choice.Port, choice.Rule).Access is { } rules
            ? rules.Decide(new AccessFacts(snapshot.FindWorkload(client), client, destination.Port)).Access
            : Access.Allowed;
    }

    /// <summary>For a connection that is no HTTP.</summary>
    public bool AllowsOpaque(IPAddress client, IPEndPoint destination, string? home, TrafficRecord? record = null)
    {
        var snapshot = store.Current;
        if (snapshot.Access.RulesFor(destination, home) is not { } rules)
        {
            return true;
        }
        var facts = new AccessFacts(snapshot.FindWorkload(client), client, destination.Port);
        foreach (var audit in rules.Audits(facts))
        {
            metrics.Audited(audit);
            LogAudited(logger, audit, facts.Source?.Id ?? "unknown", client, destination, "connection", "");
        }
        return Told(rules.DecideOpaque(facts), facts, destination, record);
    }

    /// <summary>For a connection of which it is not known yet what it speaks, or that is under way. Neither counted nor logged.</summary>
    public Access Foresee(IPAddress client, IPEndPoint destination, string? home, bool isOpaque)
    {
        var snapshot = store.Current;
        if (snapshot.Access.RulesFor(destination, home) is not { } rules)
        {
            return Access.Allowed;
        }
        var facts = new AccessFacts(snapshot.FindWorkload(client), client, destination.Port);
        if (isOpaque)
        {
            return rules.DecideOpaque(facts).Access;
        }
        var access = rules.Decide(facts).Access;
        return access == Access.Denied && MayProbe(snapshot, client, destination) ? Access.DependsOnRequest : access;
    }

    // The kubelet asks whether the pod is well: no policy about traffic means to have the pod restarted.
    private bool IsProbe(MeshSnapshot snapshot, IPAddress client, IPEndPoint destination, in RequestHead head)
    {
        foreach (var probe in snapshot.FindWorkload(destination.Address)?.Probes ?? [])
        {
            if (probe.Port == destination.Port && head.Path.SequenceEqual(probe.Path) && head.Method == (head.IsGrpc ? "POST" : "GET"))
            {
                return node.Contains(client);
            }
        }
        return false;
    }

    private bool MayProbe(MeshSnapshot snapshot, IPAddress client, IPEndPoint destination) =>
        Array.Exists(snapshot.FindWorkload(destination.Address)?.Probes ?? [], probe => probe.Port == destination.Port) && node.Contains(client);

    private bool Told(AccessDecision decision, in AccessFacts facts, IPEndPoint destination, TrafficRecord? record)
    {
        if (decision.Access == Access.Allowed)
        {
            return true;
        }
        metrics.Denied(decision.Policy);
        record?.DecidedBy("AuthorizationPolicy", decision.Policy);
        LogDenied(logger, facts.Source?.Id ?? "unknown", facts.Client, destination, decision.Policy.Length == 0 ? "no policy that allows it" : decision.Policy);
        return false;
    }

    [LoggerMessage(EventName = "Denied", Level = LogLevel.Debug, Message = "{Source} ({Client}) may not reach {Destination}: {Policy}")]
    private static partial void LogDenied(ILogger logger, string source, IPAddress client, IPEndPoint destination, string policy);

    [LoggerMessage(EventName = "Audited", Level = LogLevel.Information, Message = "{Policy}: {Source} ({Client}) reaches {Destination}: {Method} {Target}")]
    private static partial void LogAudited(ILogger logger, string policy, string source, IPAddress client, IPEndPoint destination, string method, string target);
}
