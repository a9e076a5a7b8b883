using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>A TrafficPolicy as the proxy has it.</summary>
internal static class TrafficPolicyCompiler
{
    // Envoy's, but for the share: of three endpoints one may go.
    private const uint BaseEjectionMilliseconds = 30_000;
    private const uint MaxEjectionMilliseconds = 300_000;
    private const uint MaxEjectionPercent = 50;
    private const uint IntervalMilliseconds = 10_000;
    private const uint MinimumEndpoints = 5;
    private const uint MinimumRequests = 100;
    private const double StandardDeviations = 1.9;
    private const uint HedgingPercent = 10;
    private const uint CheckIntervalMilliseconds = 10_000;
    private const uint CheckTimeoutMilliseconds = 1_000;
    private const uint HealthyThreshold = 2;
    private const uint UnhealthyThreshold = 3;

    public static Contract.TrafficRules Compile(TrafficPolicy policy)
    {
        var spec = policy.Spec;
        return new Contract.TrafficRules
        {
            Policy = policy.Metadata.Id,
            Algorithm = spec.LoadBalancing?.Algorithm switch
            {
                "RoundRobin" => Contract.BalancingAlgorithm.RoundRobin,
                "Random" => Contract.BalancingAlgorithm.Random,
                "ConsistentHash" => Contract.BalancingAlgorithm.ConsistentHash,
                _ => Contract.BalancingAlgorithm.LeastRequest,
            },
            HashKey = spec.LoadBalancing?.ConsistentHash switch
            {
                null => null,
                { Header: { } header } => new Contract.HashKey { Header = header.ToLowerInvariant() },
                { Cookie: { } cookie } => new Contract.HashKey { Cookie = cookie },
                { QueryParam: { } query } => new Contract.HashKey { Query = query },
                _ => new Contract.HashKey { SourceIp = true },
            },
            BoundedLoadPercent = (uint)(spec.LoadBalancing?.ConsistentHash?.BoundedLoadPercent ?? 0),
            Locality = spec.LoadBalancing?.Locality switch
            {
                "PreferZone" => Contract.Locality.PreferZone,
                "PreferNode" => Contract.Locality.PreferNode,
                _ => Contract.Locality.Anywhere,
            },
            MaxConnections = (uint)(spec.CircuitBreaker?.MaxConnections ?? 0),
            MaxRequests = (uint)(spec.CircuitBreaker?.MaxRequests ?? 0),
            MaxPendingRequests = (uint)(spec.CircuitBreaker?.MaxPendingRequests ?? 0),
            MaxRetries = (uint)(spec.CircuitBreaker?.MaxRetries ?? 0),
            HealthCheck = spec.HealthCheck is { } check ? Health(check) : null,
            Hedging = spec.Hedging is not { } hedging ? null : new Contract.HedgingRules
            {
                DelayMilliseconds = RequestMatchCompiler.Milliseconds(hedging.Delay), Percent = (uint?)hedging.Percent ?? HedgingPercent,
            },
            Http2 = spec.UpstreamProtocol == "HTTP2",
            Http1 = spec.UpstreamProtocol == "HTTP1",
            SlowStartMilliseconds = RequestMatchCompiler.Milliseconds(spec.LoadBalancing?.SlowStart?.Window),
            Timeouts = spec.Timeouts is not { } timeouts ? null : new Contract.TrafficTimeouts
            {
                ConnectMilliseconds = RequestMatchCompiler.Milliseconds(timeouts.Connect),
                IdleMilliseconds = RequestMatchCompiler.Milliseconds(timeouts.Idle),
                KeepAliveMilliseconds = RequestMatchCompiler.Milliseconds(timeouts.KeepAlive),
            },
            Outliers = spec.OutlierDetection is not { } outliers ? null : new Contract.OutlierRules
            {
                ConsecutiveErrors = (uint)(outliers.ConsecutiveErrors ?? 0),
                ConsecutiveGatewayErrors = (uint)(outliers.ConsecutiveGatewayErrors ?? 0),
                BaseEjectionMilliseconds = outliers.BaseEjectionTime is { } least ? RequestMatchCompiler.Milliseconds(least) : BaseEjectionMilliseconds,
                MaxEjectionMilliseconds = outliers.MaxEjectionTime is { } most ? RequestMatchCompiler.Milliseconds(most) : MaxEjectionMilliseconds,
                MaxEjectionPercent = (uint?)outliers.MaxEjectionPercent ?? MaxEjectionPercent,
                PanicThresholdPercent = (uint)(outliers.PanicThresholdPercent ?? 0),
                SuccessRate = outliers.SuccessRate is not { } rate ? null : new Contract.SuccessRateRules
                {
                    IntervalMilliseconds = rate.Interval is { } interval ? RequestMatchCompiler.Milliseconds(interval) : IntervalMilliseconds,
                    MinimumEndpoints = (uint?)rate.MinimumEndpoints ?? MinimumEndpoints,
                    MinimumRequests = (uint?)rate.MinimumRequests ?? MinimumRequests,
                    DeviationThousandths = (uint)Math.Round((rate.StandardDeviations ?? StandardDeviations) * 1000),
                },
            },
        };
    }

    private static Contract.HealthCheckRules Health(HealthCheck check)
    {
        var rules = new Contract.HealthCheckRules
        {
            IntervalMilliseconds = check.Interval is { } interval ? RequestMatchCompiler.Milliseconds(interval) : CheckIntervalMilliseconds,
            TimeoutMilliseconds = check.Timeout is { } timeout ? RequestMatchCompiler.Milliseconds(timeout) : CheckTimeoutMilliseconds,
            HealthyThreshold = (uint?)check.HealthyThreshold ?? HealthyThreshold,
            UnhealthyThreshold = (uint?)check.UnhealthyThreshold ?? UnhealthyThreshold,
            Port = (uint)(check.Port ?? 0),
        };
        switch (check)
        {
            case { Http: { } http }:
                rules.Http = new Contract.HttpCheck { Path = http.Path, Host = http.Host ?? "" };
                break;
            case { Grpc: { } grpc }:
                rules.Grpc = new Contract.GrpcCheck { Service = grpc.Service ?? "" };
                break;
            default:
                rules.Tcp = true;
                break;
        }
        return rules;
    }
}
