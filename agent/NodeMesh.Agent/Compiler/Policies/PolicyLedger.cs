using System.Collections.Immutable;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>
/// All policies compiled, kept from one compilation to the next. They are few beside pods and Services, and what they say is not worked into those,
/// so they are compiled together, when one of them or of their targets changes.
/// </summary>
internal sealed class PolicyLedger
{
    private IReadOnlySet<string> _asked = new HashSet<string>();

    /// <summary>By scope.</summary>
    public ImmutableSortedDictionary<string, Contract.ScopedPolicies> Policies { get; private set; } = MeshSnapshotContent.Empty.Policies;

    /// <summary>By <see cref="PolicyStatus.Key"/>.</summary>
    public ImmutableSortedDictionary<string, PolicyStatus> Statuses { get; private set; } = Compilation.Empty.PolicyStatuses;

    public void Update(ResourceSet before, ResourceSet after)
    {
        if (!HaveChanged(before, after))
        {
            return;
        }
        var tables = PolicyTables.Compile(after);
        _asked = tables.Asked;
        Policies = Merge(Policies, tables.Scopes);
        Statuses = Merge(Statuses, tables.Statuses.ToDictionary(status => status.Key));
    }

    public IEnumerable<ResourceProblem> Problems() =>
        from status in Statuses.Values
        from problem in status.Targets.SelectMany(target => target.Conditions).Where(condition => condition.IsTrouble).Distinct()
        select new ResourceProblem(status.Kind, $"{status.Namespace}/{status.Name}", problem.Reason, problem.Message);

    private bool HaveChanged(ResourceSet before, ResourceSet after) =>
        !ReferenceEquals(before.AuthorizationPolicies, after.AuthorizationPolicies)
        || !ReferenceEquals(before.RateLimitPolicies, after.RateLimitPolicies)
        || !ReferenceEquals(before.FaultPolicies, after.FaultPolicies)
        || !ReferenceEquals(before.TrafficPolicies, after.TrafficPolicies)
        || !ReferenceEquals(before.EgressPolicies, after.EgressPolicies)
        || !ReferenceEquals(before.BackendTrafficPolicies, after.BackendTrafficPolicies)
        || !ReferenceEquals(before.TelemetryPolicies, after.TelemetryPolicies)
        || !ReferenceEquals(before.BackendTlsPolicies, after.BackendTlsPolicies)
        || (_asked.Count > 0
            && (Has("Service", before.Services, after.Services)
                || Has("ConfigMap", before.ConfigMaps, after.ConfigMaps)
                || Has(GatewayApi.HttpRoute, before.HttpRoutes, after.HttpRoutes)
                || Has(GatewayApi.GrpcRoute, before.GrpcRoutes, after.GrpcRoutes)));

    private bool Has<T>(string kind, ImmutableSortedDictionary<string, T> before, ImmutableSortedDictionary<string, T> after)
        where T : class =>
        Changes.Between(before, after).Any(change => _asked.Contains($"{kind}/{change.Key}"));

    // What is equal stays the same instance.
    private static ImmutableSortedDictionary<string, T> Merge<T>(ImmutableSortedDictionary<string, T> before, IReadOnlyDictionary<string, T> now)
        where T : class
    {
        var merged = before.ToBuilder();
        merged.RemoveRange(before.Keys.Where(key => !now.ContainsKey(key)));
        foreach (var (key, value) in now)
        {
            if (!before.TryGetValue(key, out var held) || !held.Equals(value))
            {
                merged[key] = value;
            }
        }
        return merged.ToImmutable();
    }
}
