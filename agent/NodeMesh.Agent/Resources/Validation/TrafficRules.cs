using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Resources.Validation;

internal static class TrafficRules
{
    public static void Check(TrafficPolicySpec spec, FieldErrors errors)
    {
        if (spec.LoadBalancing is { } balancing)
        {
            const string field = "spec.loadBalancing";
            PolicyRules.CheckWord($"{field}.algorithm", balancing.Algorithm, ["LeastRequest", "RoundRobin", "Random", "ConsistentHash"], errors);
            PolicyRules.CheckWord($"{field}.locality", balancing.Locality, ["None", "PreferZone", "PreferNode"], errors);
            if (balancing.Algorithm == "ConsistentHash" != balancing.ConsistentHash is not null)
            {
                errors.Add($"{field}.consistentHash", "goes with algorithm ConsistentHash, and that with it");
            }
            if (balancing.SlowStart is { } start)
            {
                if (start.Window is null)
                {
                    errors.Add($"{field}.slowStart.window", "is missing");
                }
                PolicyRules.CheckDuration($"{field}.slowStart.window", start.Window, errors);
            }
            if (balancing.ConsistentHash is { } hash)
            {
                CheckHash($"{field}.consistentHash", hash, errors);
            }
        }
        if (spec.CircuitBreaker is { } breaker)
        {
            PolicyRules.CheckAtLeast("spec.circuitBreaker.maxConnections", breaker.MaxConnections, 1, errors);
            PolicyRules.CheckAtLeast("spec.circuitBreaker.maxRequests", breaker.MaxRequests, 1, errors);
            PolicyRules.CheckAtLeast("spec.circuitBreaker.maxPendingRequests", breaker.MaxPendingRequests, 1, errors);
            PolicyRules.CheckAtLeast("spec.circuitBreaker.maxRetries", breaker.MaxRetries, 1, errors);
            if (breaker is { MaxPendingRequests: not null, MaxRequests: null, MaxConnections: null })
            {
                errors.Add("spec.circuitBreaker.maxPendingRequests", "goes with maxRequests or maxConnections: nothing waits that is not limited");
            }
        }
        if (spec.OutlierDetection is { } outliers)
        {
            PolicyRules.CheckAtLeast("spec.outlierDetection.consecutiveErrors", outliers.ConsecutiveErrors, 1, errors);
            PolicyRules.CheckAtLeast("spec.outlierDetection.consecutiveGatewayErrors", outliers.ConsecutiveGatewayErrors, 1, errors);
            PolicyRules.CheckDuration("spec.outlierDetection.baseEjectionTime", outliers.BaseEjectionTime, errors);
            PolicyRules.CheckDuration("spec.outlierDetection.maxEjectionTime", outliers.MaxEjectionTime, errors);
            PolicyRules.CheckAtLeast("spec.outlierDetection.maxEjectionPercent", outliers.MaxEjectionPercent, 0, errors, 100);
            PolicyRules.CheckAtLeast("spec.outlierDetection.panicThresholdPercent", outliers.PanicThresholdPercent, 0, errors, 100);
            CheckSuccessRate("spec.outlierDetection.successRate", outliers.SuccessRate, errors);
        }
        if (spec.HealthCheck is { } check)
        {
            CheckHealth("spec.healthCheck", check, errors);
        }
        if (spec.Hedging is { } hedging)
        {
            if (hedging.Delay is null)
            {
                errors.Add("spec.hedging.delay", "is missing");
            }
            PolicyRules.CheckDuration("spec.hedging.delay", hedging.Delay, errors);
            PolicyRules.CheckAtLeast("spec.hedging.percent", hedging.Percent, 1, errors, 100);
        }
        PolicyRules.CheckWord("spec.upstreamProtocol", spec.UpstreamProtocol, ["AsClient", "HTTP1", "HTTP2"], errors);
        PolicyRules.CheckDuration("spec.timeouts.connect", spec.Timeouts?.Connect, errors);
        PolicyRules.CheckDuration("spec.timeouts.idle", spec.Timeouts?.Idle, errors);
        PolicyRules.CheckDuration("spec.timeouts.keepAlive", spec.Timeouts?.KeepAlive, errors);
    }

    private static void CheckHealth(string field, HealthCheck check, FieldErrors errors)
    {
        object?[] kinds = [check.Http, check.Grpc, check.Tcp];
        if (kinds.Count(kind => kind is not null) != 1)
        {
            errors.Add(field, "must have one of http, grpc and tcp");
        }
        PolicyRules.CheckDuration($"{field}.interval", check.Interval, errors);
        PolicyRules.CheckDuration($"{field}.timeout", check.Timeout, errors);
        PolicyRules.CheckAtLeast($"{field}.healthyThreshold", check.HealthyThreshold, 1, errors, 100);
        PolicyRules.CheckAtLeast($"{field}.unhealthyThreshold", check.UnhealthyThreshold, 1, errors, 100);
        if (check.Port is { } port)
        {
            ResourceRules.CheckPort($"{field}.port", port, errors);
        }
        if (check.Http is { } http && (!http.Path.StartsWith('/') || http.Path.Any(character => character is <= ' ' or > '~')))
        {
            errors.Add($"{field}.http.path", $"\"{http.Path}\" must begin with / and be printable ASCII");
        }
        if (check.Http?.Host is { } host && !Names.IsDnsSubdomain(host))
        {
            errors.Add($"{field}.http.host", $"\"{host}\" is no host name");
        }
    }

    private static void CheckSuccessRate(string field, SuccessRate? rate, FieldErrors errors)
    {
        PolicyRules.CheckDuration($"{field}.interval", rate?.Interval, errors);
        PolicyRules.CheckAtLeast($"{field}.minimumEndpoints", rate?.MinimumEndpoints, 2, errors);
        PolicyRules.CheckAtLeast($"{field}.minimumRequests", rate?.MinimumRequests, 1, errors);
        if (rate?.StandardDeviations is not (null or (> 0 and <= 10)))
        {
            errors.Add($"{field}.standardDeviations", $"{rate.StandardDeviations} is not more than 0 and at most 10");
        }
    }

    private static void CheckHash(string field, ConsistentHash hash, FieldErrors errors)
    {
        string?[] keys = [hash.Header, hash.Cookie, hash.QueryParam, hash.SourceIp is true ? "source-ip" : null];
        if (keys.Count(key => key is not null) != 1)
        {
            errors.Add(field, "must have one of header, cookie, queryParam and sourceIP");
        }
        foreach (var key in keys)
        {
            if (key is not null && !Names.IsToken(key))
            {
                errors.Add(field, $"\"{key}\" is no name of a header, cookie or parameter");
            }
        }
        PolicyRules.CheckAtLeast($"{field}.boundedLoadPercent", hash.BoundedLoadPercent, 101, errors, 1000);
    }
}
