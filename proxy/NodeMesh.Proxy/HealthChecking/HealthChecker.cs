using System.Net;
using Microsoft.Extensions.Logging;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.HealthChecking;

/// <summary>
/// Has the endpoints of Services checked that pods of this node use, and no others: what no pod here has used for a while is let go, and is
/// well again. A node thus makes as many checks as it has use for, whatever the size of the mesh; where one connection says as much as a check, none is made.
/// </summary>
internal sealed partial class HealthChecker : IDisposable
{
    private const int TickMilliseconds = 100;
    private const int MaxUnderWay = 64;
    private const int LeastUseMilliseconds = 60_000;
    private const int IntervalsOfUse = 10;

    private readonly SnapshotStore _store;
    private readonly HealthProbe _probe;
    private readonly HealthMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger<HealthChecker> _logger;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Dictionary<EndpointLoad, (EndpointHealth Health, ServicePortEntry Port)> _health = new(ReferenceEqualityComparer.Instance);
    private ServicePortEntry[] _ports = [];
    private int _underWay;

    public HealthChecker(SnapshotStore store, HealthProbe probe, HealthMetrics metrics, TimeProvider time, Random random, ILogger<HealthChecker> logger)
    {
        (_store, _probe, _metrics, _time, _random, _logger) = (store, probe, metrics, time, random, logger);
        _timer = time.CreateTimer(static state => ((HealthChecker)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        store.Applied += Follow;
    }

    public void Dispose()
    {
        _store.Applied -= Follow;
        _timer.Dispose();
    }

    private void Follow(MeshSnapshot snapshot)
    {
        ServicePortEntry[] ports = snapshot.Policies.Values.Any(policy => policy.Traffic?.HealthCheck is not null)
            ? [.. snapshot.Services.Values.SelectMany(service => service.Ports).Where(port => port.Traffic.Rules?.HealthCheck is not null)]
            : [];
        lock (_gate)
        {
            _ports = ports;
            if (ports.Length > 0)
            {
                _timer.Change(TimeSpan.FromMilliseconds(TickMilliseconds), TimeSpan.FromMilliseconds(TickMilliseconds));
            }
            else
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                Keep([]);
            }
        }
    }

    private void Tick()
    {
        lock (_gate)
        {
            var now = Environment.TickCount64;
            var kept = new HashSet<EndpointLoad>(ReferenceEqualityComparer.Instance);
            foreach (var port in _ports)
            {
                if (port.Traffic.Rules?.HealthCheck is not { } rules)
                {
                    continue;
                }
                var since = now - Math.Max(LeastUseMilliseconds, IntervalsOfUse * rules.IntervalMilliseconds);
                foreach (var endpoint in port.Endpoints)
                {
                    if (port.Traffic.UserSince(since, endpoint.Address.AddressFamily) is not { } pod)
                    {
                        continue;
                    }
                    kept.Add(endpoint.Load);
                    if (!_health.TryGetValue(endpoint.Load, out var known))
                    {
                        // Those that come together are not asked together.
                        known = (new EndpointHealth { Due = now + _random.Next((int)Math.Min(rules.IntervalMilliseconds, 1000)) }, port);
                        _health.Add(endpoint.Load, known);
                    }
                    if (!known.Health.IsUnderWay && known.Health.Due <= now && _underWay < MaxUnderWay)
                    {
                        known.Health.IsUnderWay = true;
                        _underWay++;
                        _ = CheckAsync(port, endpoint, known.Health, rules, pod);
                    }
                }
            }
            Keep(kept);
        }
    }

    // What is not asked any more is well, as far as anybody knows.
    private void Keep(HashSet<EndpointLoad> kept)
    {
        foreach (var (load, (health, port)) in _health)
        {
            if (!kept.Contains(load))
            {
                _health.Remove(load);
                if (health.IsUnwell)
                {
                    load.Set(isUnwell: false, _time.GetTimestamp());
                    _metrics.Changed(port, isUnwell: false);
                }
            }
        }
    }

    private async Task CheckAsync(ServicePortEntry port, EndpointEntry endpoint, EndpointHealth health, Contract.HealthCheckRules rules, LocalPod pod)
    {
        var passed = false;
        try
        {
            var interval = TimeSpan.FromMilliseconds(rules.IntervalMilliseconds);
            // Who has just taken a connection need not be asked whether it would.
            passed = (rules.Tcp && rules.Port == 0 && !health.IsUnwell && endpoint.Load.HasSucceededSince(_time.GetTimestamp() - (long)(interval.TotalSeconds * _time.TimestampFrequency)))
                || await AskAsync(port, endpoint, rules, pod);
        }
        finally
        {
            lock (_gate)
            {
                _underWay--;
                health.IsUnderWay = false;
                health.Due = Environment.TickCount64 + (long)(rules.IntervalMilliseconds * (0.9 + (0.2 * _random.NextDouble())));
                if (_health.ContainsKey(endpoint.Load) && health.Take(passed, rules))
                {
                    endpoint.Load.Set(health.IsUnwell, _time.GetTimestamp());
                    _metrics.Changed(port, health.IsUnwell);
                    LogChanged(_logger, endpoint.Address, port.Service, port.Port, health.IsUnwell ? "unhealthy" : "healthy again");
                }
            }
        }
    }

    private async Task<bool> AskAsync(ServicePortEntry port, EndpointEntry endpoint, Contract.HealthCheckRules rules, LocalPod pod)
    {
        await Task.Yield(); // the tick goes on
        var isWell = await _probe.IsWellAsync(rules, port.Protocol is Contract.Protocol.Http2 or Contract.Protocol.Grpc || port.Traffic.Rules is { Http2: true }, port.Traffic.Tls, pod, endpoint.Address, pod.Gone);
        _metrics.Checked(port, isWell);
        return isWell;
    }

    [LoggerMessage(EventName = "EndpointHealth", Level = LogLevel.Information, Message = "Endpoint {Endpoint} of {Service} port {Port} is {State}")]
    private static partial void LogChanged(ILogger logger, IPEndPoint endpoint, string service, int port, string state);
}
