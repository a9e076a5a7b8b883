using NodeMesh.Contract;

namespace NodeMesh.Proxy.Balancing;

/// <summary>Finds the endpoints that do clearly worse than the others did in the same interval.</summary>
internal static class SuccessRates
{
    // Of equal rates none is below their average.
    private const double Rounding = 1e-9;

    /// <summary>Ejects them, and has all counts begin anew.</summary>
    public static void Compare(EndpointLoad[] endpoints, SuccessRateRules rules, OutlierRules outliers, PortTraffic port, long now)
    {
        var rates = new List<(EndpointLoad Endpoint, double Rate)>(endpoints.Length);
        foreach (var endpoint in endpoints)
        {
            var (successes, failures) = endpoint.TakeJudgements();
            if (successes + failures >= rules.MinimumRequests)
            {
                rates.Add((endpoint, successes / (double)(successes + failures)));
            }
        }
        if (rates.Count < rules.MinimumEndpoints)
        {
            return;
        }
        var mean = rates.Average(one => one.Rate);
        var deviation = Math.Sqrt(rates.Average(one => (one.Rate - mean) * (one.Rate - mean)));
        var least = mean - (deviation * rules.DeviationThousandths / 1000) - Rounding;
        foreach (var (endpoint, rate) in rates.OrderBy(one => one.Rate))
        {
            if (rate < least)
            {
                endpoint.Eject(outliers, now);
            }
        }
    }
}
