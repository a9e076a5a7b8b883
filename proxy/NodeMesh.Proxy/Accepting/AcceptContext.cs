using Microsoft.Extensions.Logging;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Detection;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Loops;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Accepting;

/// <summary>What every accepted connection needs of the rest of the proxy.</summary>
/// <param name="AcceptHttp">Takes over a connection that speaks HTTP; true: HTTP/2. Any thread; must not block.</param>
internal sealed record AcceptContext(
    EventLoops Loops,
    SnapshotStore Snapshots,
    Dialer Dialer,
    LoadBalancer Balancer,
    PortMemory Ports,
    ProxyMetrics Metrics,
    TrafficObserver Observer,
    ConnectionGuard Guard,
    DetectionCounters Counters,
    Action<Downstream, bool> AcceptHttp,
    TimeProvider Time,
    ILogger<Arrival> Logger);
