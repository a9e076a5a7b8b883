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
            if (balancing.ConsistentHash is { } hash)
            {
                CheckHash($"{field}.consistentHash", hash, errors);
            }
        }
        if (spec.CircuitBreaker is { } breaker)
        {
            PolicyRules.CheckAtLeast("spec.circuitBreaker.maxConnections", breaker.MaxConnections, 1, errors);
            PolicyRules.CheckAtLeast("spec.circuitBreaker.maxRequests", breaker.MaxRequests, 1, errors);
        }
        if (spec.OutlierDetection is { } outliers)
        {
            PolicyRules.CheckAtLeast("spec.outlierDetection.consecutiveErrors", outliers.ConsecutiveErrors, 1, errors);
            PolicyRules.CheckAtLeast("spec.outlierDetection.consecutiveGatewayErrors", outliers.ConsecutiveGatewayErrors, 1, errors);
            PolicyRules.CheckDuration("spec.outlierDetection.baseEjectionTime", outliers.BaseEjectionTime, errors);
            PolicyRules.CheckDuration("spec.outlierDetection.maxEjectionTime", outliers.MaxEjectionTime, errors);
            PolicyRules.CheckAtLeast("spec.outlierDetection.maxEjectionPercent", outliers.MaxEjectionPercent, 0, errors, 100);
            PolicyRules.CheckAtLeast("spec.outlierDetection.panicThresholdPercent", outliers.PanicThresholdPercent, 0, errors, 100);
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
