using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.UnitTests.Forwarding;

internal static class Guards
{
    public static ConnectionGuard For(SnapshotStore store, ProxyMetrics metrics)
    {
        var counters = new PolicyMetrics(metrics.Registry);
        return new ConnectionGuard(store, new Authorizer(store, new NodeAddresses(TimeProvider.System), counters, NullLogger<Authorizer>.Instance), new EgressGuard(store, counters, NullLogger<EgressGuard>.Instance));
    }
}
