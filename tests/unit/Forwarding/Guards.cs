using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.UnitTests.Forwarding;

internal static class Guards
{
    public static ConnectionGuard For(SnapshotStore store, ProxyMetrics metrics) =>
        new(store, new Authorizer(store, new PolicyMetrics(metrics.Registry), NullLogger<Authorizer>.Instance));
}
