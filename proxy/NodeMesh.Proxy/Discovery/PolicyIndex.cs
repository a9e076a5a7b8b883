using System.Collections.Concurrent;
using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;

namespace NodeMesh.Proxy.Discovery;

/// <summary>Finds the policies that count for a Service port, or for a rule of its routes: of each kind the one of the most specific scope.</summary>
internal sealed class PolicyIndex(MeshSnapshot snapshot)
{
    private readonly ConcurrentDictionary<(string Service, int Port, RouteKind Kind, string Route, string Rule), EffectivePolicies> _found = new();

    /// <param name="rule">null: no route decided.</param>
    public EffectivePolicies For(ServicePortEntry port, RouteRuleEntry? rule)
    {
        if (snapshot.Policies.IsEmpty)
        {
            return EffectivePolicies.None;
        }
        var key = (port.Service, port.Port, rule?.Kind ?? RouteKind.Unspecified, rule?.Route ?? "", rule?.Rule.Name ?? "");
        return _found.TryGetValue(key, out var found) ? found : _found.GetOrAdd(key, Collect(port, rule));
    }

    private EffectivePolicies Collect(ServicePortEntry port, RouteRuleEntry? rule)
    {
        List<string> scopes = [$"{port.Service}:{port.Port}", port.Service, port.Namespace, ""];
        AccessRules? access = null;
        if (rule is not null)
        {
            var route = PolicyScope.OfRoute(rule.Kind, rule.Route);
            string[] own = [$"{route}#{rule.Rule.Name}", route];
            access = AccessRules.Of([.. own.SelectMany(scope => snapshot.Policies.GetValueOrDefault(scope)?.Authorizations ?? [])]);
            scopes.InsertRange(0, own);
        }
        var found = scopes.Select(scope => snapshot.Policies.GetValueOrDefault(scope)).OfType<PolicyScope>().ToList();
        return new EffectivePolicies(
            found.Find(scope => scope.RateLimit is not null)?.RateLimit,
            found.Find(scope => scope.Fault is not null)?.Fault,
            found.Find(scope => scope.Traffic is not null)?.Traffic,
            access);
    }
}
