using Microsoft.Extensions.Logging;
using NodeMesh.Contract;
using NodeMesh.Contract.Telemetry;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.AgentLink;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Detection;
using NodeMesh.Proxy.Dialing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http;
using NodeMesh.Proxy.HealthChecking;
using NodeMesh.Proxy.Loops;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.Proxy.Telemetry.AccessLogs;
using NodeMesh.Proxy.Telemetry.Otlp;
using NodeMesh.Proxy.Telemetry.Taps;

namespace NodeMesh.Proxy;

/// <summary>Puts the proxy together, and runs it until it is told to drain.</summary>
/// <param name="runDirectory">Where the agent listens: config.sock and sockets.sock.</param>
/// <param name="accessLogDirectory">Where access logs may have files; null: nowhere.</param>
internal sealed partial class ProxyProcess(string runDirectory, ProxyIdentity identity, string? accessLogDirectory, LogLevels levels, ILoggerFactory logging)
{
    /// <summary>How long SIGTERM lets connections finish. Kubernetes kills after 30 s.</summary>
    public static readonly TimeSpan DefaultDrainLimit = TimeSpan.FromSeconds(25);

    /// <summary>A proxy that no agent can kill ends itself when it stands still for so long; its container is started again.</summary>
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource<TimeSpan> _drain = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger _logger = logging.CreateLogger<ProxyProcess>();

    /// <summary>Finishes what is under way within the limit, then <see cref="RunAsync"/> returns. The first call counts.</summary>
    public void Drain(TimeSpan limit) => _drain.TrySetResult(limit);

    public async Task RunAsync()
    {
        var time = TimeProvider.System;
        var store = new SnapshotStore(time);
        var metrics = new ProxyMetrics();
        var balancer = new LoadBalancer(time, Random.Shared);
        var table = new PodTable();
        _ = new PodMetrics(metrics.Registry, table, () => Environment.CpuUsage.TotalTime);
        _ = new OutlierMetrics(metrics.Registry, store, time);
        _ = new RuntimeMetrics(metrics.Registry, "proxy");
        using var loops = new EventLoops(Environment.ProcessorCount, logging);
        var dialer = new Dialer(table, loops);
        var guard = new ConnectionGuard(
            store, new Authorizer(store, new NodeAddresses(time), metrics.Policies, logging.CreateLogger<Authorizer>()), new EgressGuard(store, metrics.Policies, logging.CreateLogger<EgressGuard>()));
        var taps = new TapTable(time);
        var telemetryMetrics = new TelemetryMetrics(metrics.Registry);
        var collectors = new OtlpExporters(store, balancer, telemetryMetrics, time, logging);
        var observer = new TrafficObserver(
            store, new AccessLogSinks(accessLogDirectory, collectors, telemetryMetrics, logging).For, collectors.For, taps, telemetryMetrics, time, Random.Shared);
        await using var http = new HttpHub(store, balancer, metrics, dialer, time, guard, observer, logging);
        await http.StartAsync(CancellationToken.None);

        using var health = new HealthChecker(
            store, new HealthProbe(dialer), new HealthMetrics(metrics.Registry), time, Random.Shared, logging.CreateLogger<HealthChecker>());

        var context = new AcceptContext(
            loops, store, dialer, balancer, new PortMemory(), metrics, observer, guard, new DetectionCounters(metrics), http.Accept, time, logging.CreateLogger<Arrival>());
        SocketChannel? channel = null;
        var pods = new PodLifecycle(context, table, http.DrainAsync, message => channel?.Send(message), logging.CreateLogger<PodLifecycle>());
        using var heartbeat = new Heartbeat(loops, identity.Instance.Length > 0 ? LongestStandstill : null);
        channel = new SocketChannel(
            Path.Combine(runDirectory, "sockets.sock"), identity, pods, heartbeat, Drain, logging.CreateLogger<SocketChannel>());
        var config = new ConfigClient(
            Path.Combine(runDirectory, "config.sock"), identity, store, metrics.ExportAsync, metrics.Backends.Export, levels, new TapChannel(taps, identity, time), time, logging.CreateLogger<ConfigClient>());
        using var stopping = new CancellationTokenSource();
        var configuring = config.RunAsync(stopping.Token);
        using (channel)
        {
            channel.Start();
            var limit = await _drain.Task;
            LogDraining(_logger, limit);
            await pods.DrainAllAsync(limit);
            channel.Send(new FromProxy { Drained = new Drained() });
        }
        await stopping.CancelAsync();
        await configuring;
        LogDrained(_logger);
    }

    [LoggerMessage(EventName = "Draining", Level = LogLevel.Information, Message = "Draining: accepting no more, ending what is under way within {Limit}")]
    private static partial void LogDraining(ILogger logger, TimeSpan limit);

    [LoggerMessage(EventName = "Drained", Level = LogLevel.Information, Message = "Drained")]
    private static partial void LogDrained(ILogger logger);
}
