using System.Collections.Concurrent;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Discovery;

/// <summary>Finds the policies that count for a Service port, or for a rule of its routes: of each kind the one of the most specific scope.</summary>
internal sealed class PolicyIndex(MeshSnapshot snapshot)
{
    private readonly ConcurrentDictionary<(string Service, int Port, string Route, string Rule), EffectivePolicies> _found = new();

    /// <param name="rule">null: no route decided.</param>
    public EffectivePolicies For(ServicePortEntry port, RouteRuleEntry? rule)
    {
        if (snapshot.Policies.IsEmpty)
        {
            return EffectivePolicies.None;
        }
        var key = (port.Service, port.Port, rule?.Route ?? "", rule?.Rule.Name ?? "");
        return _found.TryGetValue(key, out var found) ? found : _found.GetOrAdd(key, Collect(port, key.Item3, key.Item4));
    }

    private EffectivePolicies Collect(ServicePortEntry port, string route, string rule)
    {
        List<string> scopes = [$"{port.Service}:{port.Port}", port.Service, port.Namespace, ""];
        if (route.Length > 0)
        {
            // A route of either kind: two of one name for one Service port would be in conflict.
            scopes.InsertRange(0, [$"HTTPRoute/{route}#{rule}", $"GRPCRoute/{route}#{rule}", $"HTTPRoute/{route}", $"GRPCRoute/{route}"]);
        }
        var found = scopes.Select(scope => snapshot.Policies.GetValueOrDefault(scope)).OfType<PolicyScope>().ToList();
        return new EffectivePolicies(
            found.Find(scope => scope.RateLimit is not null)?.RateLimit,
            found.Find(scope => scope.Fault is not null)?.Fault,
            found.Find(scope => scope.Traffic is not null)?.Traffic);
    }
}
