using System.Net;
using Microsoft.Extensions.Logging;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Security;

/// <summary>Asks the EgressPolicy of a pod whether it may reach what is neither a pod nor a Service: the most specific one, of its Services, its namespace or the mesh.</summary>
internal sealed partial class EgressGuard(SnapshotStore store, PolicyMetrics metrics, ILogger<EgressGuard> logger)
{
    /// <param name="pod">namespace/name</param>
    /// <param name="authority">As it is named in TLS or HTTP, with a port or without; null: not, or not yet.</param>
    /// <param name="isFinal">Whoever asks goes by the answer, and it is counted and logged.</param>
    public bool Allows(string pod, string home, IPEndPoint destination, string? authority, bool isFinal, TrafficRecord? record = null)
    {
        var snapshot = store.Current;
        if (snapshot.Policies.IsEmpty || !IsOutside(snapshot, destination) || Find(snapshot, pod, home) is not { } policy)
        {
            return true;
        }
        var host = HostOf(authority);
        if (policy.Allows(destination, host))
        {
            return true;
        }
        if (!policy.IsAudit)
        {
            record?.DecidedBy("EgressPolicy", policy.Policy);
        }
        if (isFinal)
        {
            metrics.LeftMesh(policy.Policy, policy.IsAudit);
            LogEgress(logger, policy.Policy, policy.IsAudit ? "lets pass" : "refuses", pod, destination, host);
        }
        return policy.IsAudit;
    }

    /// <summary>Whether a connection that was let out may go on no more; then, and only then, it is counted and logged.</summary>
    public bool Forbids(string pod, string home, IPEndPoint destination, string? authority) =>
        !Allows(pod, home, destination, authority, isFinal: false) && !Allows(pod, home, destination, authority, isFinal: true);

    private static string? HostOf(string? authority)
    {
        if (string.IsNullOrEmpty(authority))
        {
            return null;
        }
        var port = authority.LastIndexOf(':');
        return port > authority.LastIndexOf(']') ? authority[..port] : authority;
    }

    private static bool IsOutside(MeshSnapshot snapshot, IPEndPoint destination) =>
        snapshot.FindWorkload(destination.Address) is null
        && !snapshot.ServicesByClusterIp.ContainsKey(AddressKey.From(destination.Address))
        && snapshot.FindByEndpoint(destination.Address, destination.Port) is null;

    private static EgressEntry? Find(MeshSnapshot snapshot, string pod, string home)
    {
        foreach (var service in snapshot.ServicesByWorkload.GetValueOrDefault(pod, []))
        {
            if (snapshot.Policies.GetValueOrDefault(service)?.Egress is { } own)
            {
                return own;
            }
        }
        return snapshot.Policies.GetValueOrDefault(home)?.Egress ?? snapshot.Policies.GetValueOrDefault("")?.Egress;
    }

    [LoggerMessage(EventName = "Egress", Level = LogLevel.Information, Message = "{Policy} {Does} what {Pod} sends to {Destination} outside the mesh (host {Host})")]
    private static partial void LogEgress(ILogger logger, string policy, string does, string pod, IPEndPoint destination, string? host);
}
