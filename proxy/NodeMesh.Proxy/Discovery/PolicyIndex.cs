using System.Collections.Concurrent;
using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;

namespace NodeMesh.Proxy.Discovery;

/// <summary>Finds the policies that count for a Service port, or for a rule of its routes: of each kind the one of the most specific scope.</summary>
internal sealed class PolicyIndex(MeshSnapshot snapshot)
{
    private readonly ConcurrentDictionary<(string Service, int Port, RouteKind Kind, string Route, string Rule), EffectivePolicies> _found = new();

    private readonly ConcurrentDictionary<(string Service, int Port, RouteKind Kind, string Route, string Rule, string Home), EffectiveTelemetry> _telemetry = new();

    /// <summary>Some traffic is to be told of.</summary>
    public bool HasTelemetry { get; } = snapshot.Policies.Values.Any(scope => scope.Log is not null || scope.Tracing is not null);

    /// <summary>Some Service's requests stay where their sessions began, whatever routes say.</summary>
    public bool HasSessions { get; } = snapshot.Policies.Values.Any(scope => scope.Session is not null);

    /// <param name="port">null: it goes to no Service.</param>
    /// <param name="rule">null: no route decided.</param>
    /// <param name="home">The namespace that counts where there is no Service.</param>
    public EffectiveTelemetry TelemetryOf(ServicePortEntry? port, RouteRuleEntry? rule, string home)
    {
        var key = (port?.Service ?? "", port?.Port ?? 0, rule?.Kind ?? RouteKind.Unspecified, rule?.Route ?? "", rule?.Rule.Name ?? "", port?.Namespace ?? home);
        return _telemetry.TryGetValue(key, out var found) ? found : _telemetry.GetOrAdd(key, CollectTelemetry(port, rule, key.Item6));
    }

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
            access,
            found.Find(scope => scope.BackendTls is not null)?.BackendTls);
    }

    private EffectiveTelemetry CollectTelemetry(ServicePortEntry? port, RouteRuleEntry? rule, string home)
    {
        var route = rule is null ? null : PolicyScope.OfRoute(rule.Kind, rule.Route);
        string?[] scopes = [route is null ? null : $"{route}#{rule!.Rule.Name}", route, port is null ? null : $"{port.Service}:{port.Port}", port?.Service, home, ""];
        var found = scopes.Select(scope => scope is null ? null : snapshot.Policies.GetValueOrDefault(scope)).OfType<PolicyScope>().ToList();
        var log = found.Find(scope => scope.Log is not null)?.Log;
        var tracing = found.Find(scope => scope.Tracing is not null)?.Tracing;
        // What brings a collector its lines and spans must not make more of them.
        return new EffectiveTelemetry(log is { IsOn: true } && !IsFor(log.Rules.Collector) ? log : null, tracing is not null && !IsFor(tracing.Collector) ? tracing : null);

        bool IsFor(OtlpCollector? collector) => port is not null && collector is not null && collector.Port.Service == port.Service && collector.Port.Port == port.Port;
    }
}
