using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Resilience;

/// <summary>Says which failure is made for a request, if any. Immutable.</summary>
internal sealed class FaultInjector(FaultRules rules)
{
    private const int Million = 1_000_000;

    private readonly (FaultRule Rule, RequestPattern[] Matches)[] _faults =
        [.. rules.Faults.Select(rule => (rule, rule.Matches.Select(match => new RequestPattern(match)).ToArray()))];

    public string Policy => rules.Policy;

    /// <summary>The first fault that is for the request, if chance wills it; null: none.</summary>
    public FaultRule? For(in RequestHead head, Random random)
    {
        foreach (var (rule, matches) in _faults)
        {
            if (RequestPattern.Any(matches, head))
            {
                return Falls(rule, random);
            }
        }
        return null;
    }

    /// <summary>The first fault that is for all requests, which alone is for a connection that is no HTTP.</summary>
    public FaultRule? ForOpaque(Random random)
    {
        foreach (var (rule, matches) in _faults)
        {
            if (matches.Length == 0)
            {
                return Falls(rule, random);
            }
        }
        return null;
    }

    private static FaultRule? Falls(FaultRule rule, Random random) => rule.PerMillion >= Million || random.Next(Million) < rule.PerMillion ? rule : null;
}
