using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.Agent.Resources.Model.Policies;

namespace NodeMesh.Agent.Compiler.Policies;

/// <summary>
/// Puts policies where they are attached. Of one kind a scope has one, the oldest; but all its authorizations, since one that silently took the
/// place of another would open what that one closes.
/// </summary>
internal sealed class PolicyTables
{
    private readonly TargetLookup _targets;
    private readonly SortedDictionary<string, Contract.ScopedPolicies> _scopes = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Kind, string Scope), IPolicy> _holders = [];
    private readonly List<PolicyStatus> _statuses = [];

    private PolicyTables(ResourceSet resources)
    {
        _targets = new TargetLookup(resources);
        Place(resources.AuthorizationPolicies.Values);
        Place(resources.RateLimitPolicies.Values);
        Place(resources.FaultPolicies.Values);
        Place(resources.TrafficPolicies.Values);
        Place(resources.EgressPolicies.Values);
        Place(resources.BackendTrafficPolicies.Values);
        Place(resources.TelemetryPolicies.Values);
        foreach (var policy in resources.BackendTlsPolicies.Values.OrderBy(policy => Claimant.Of(policy.Metadata), Claimant.Seniority))
        {
            Place(policy);
        }
    }

    public IReadOnlyDictionary<string, Contract.ScopedPolicies> Scopes => _scopes;

    public IReadOnlyList<PolicyStatus> Statuses => _statuses;

    /// <summary>Services, routes and ConfigMaps that were looked for.</summary>
    public IReadOnlySet<string> Asked => _targets.Asked;

    public static PolicyTables Compile(ResourceSet resources) => new(resources);

    private void Place(IEnumerable<IPolicy> policies)
    {
        foreach (var policy in policies.OrderBy(policy => Claimant.Of(policy.Metadata), Claimant.Seniority))
        {
            var invalid = new List<string>();
            var put = Compile(policy, invalid);
            if (policy is AuthorizationPolicy { Unreadable: { } why } unreadable)
            {
                Scope(policy.Metadata.Namespace).Authorizations.Add(AuthorizationCompiler.Closed(unreadable));
                Add(policy, [new TargetStatus(null, [new RouteCondition(
                    RouteCondition.Accepted, false, PolicyReason.Invalid, $"it can't be read ({why}), so everything in namespace {policy.Metadata.Namespace} is denied")])]);
                continue;
            }
            Add(policy, [.. policy.Targets.Select(target => new TargetStatus(target, Conditions(Place(policy, _targets.Find(policy, target), put), invalid)))]);
        }
    }

    // With a condition of its own for the certificates it refers to.
    private void Place(BackendTlsPolicy policy)
    {
        var (tls, refusal, references) = BackendTlsCompiler.Compile(policy, _targets.ConfigMap);
        Add(policy, [.. policy.Targets.Select(target =>
        {
            var accepted = Place(policy, _targets.Find(policy, target), scope => scope.BackendTls = tls);
            return new TargetStatus(target, [accepted.Status ? refusal ?? accepted : accepted, references]);
        })]);
    }

    // What becomes of the policy at one of its targets.
    private RouteCondition Place(IPolicy policy, PolicyTarget target, Action<Contract.ScopedPolicies> put)
    {
        if (target.Scope is null)
        {
            if (policy is not AuthorizationPolicy authorization)
            {
                return target.Refusal!;
            }
            var id = $"{policy.Metadata.Namespace}/{target.Reference.Name}";
            var (closed, what) = target.Reference switch
            {
                { Group: "", Kind: "Service" } => (id, $"Service {id}"),
                { Group: GatewayApi.Group, Kind: GatewayApi.HttpRoute or GatewayApi.GrpcRoute } route => ($"{route.Kind}/{id}", $"{route.Kind} {id}"),
                _ => (policy.Metadata.Namespace, $"namespace {policy.Metadata.Namespace}"),
            };
            Scope(closed).Authorizations.Add(AuthorizationCompiler.Closed(authorization));
            return target.Refusal! with { Message = $"{target.Refusal.Message}; until that is mended everything in {what} is denied" };
        }
        if (policy is not AuthorizationPolicy)
        {
            if (_holders.TryGetValue((policy.Kind, target.Scope), out var holder) && !ReferenceEquals(holder, policy))
            {
                return new RouteCondition(RouteCondition.Accepted, false, PolicyReason.Conflicted, $"{holder.Metadata.Id}, the older, is attached there");
            }
            _holders[(policy.Kind, target.Scope)] = policy;
        }
        put(Scope(target.Scope));
        return target.Refusal ?? new RouteCondition(RouteCondition.Accepted, true, PolicyReason.Accepted, "in force, where nothing more specific is");
    }

    private static RouteCondition[] Conditions(RouteCondition accepted, List<string> invalid) => invalid.Count == 0
        ? [accepted]
        : [accepted, new RouteCondition(RouteCondition.PartiallyInvalid, true, PolicyReason.Invalid, string.Join("; ", invalid))];

    private Action<Contract.ScopedPolicies> Compile(IPolicy policy, List<string> invalid)
    {
        switch (policy)
        {
            case AuthorizationPolicy authorization:
                var rules = AuthorizationCompiler.Compile(authorization, invalid.Add);
                return scope =>
                {
                    if (!scope.Authorizations.Contains(rules))
                    {
                        scope.Authorizations.Add(rules);
                    }
                };
            case RateLimitPolicy limits:
                var limit = TrafficCompilers.Compile(limits, invalid.Add);
                limit.Global = GlobalLimitCompiler.Compile(limits, _targets, invalid.Add);
                return scope => scope.RateLimit = limit;
            case FaultPolicy faults:
                var fault = TrafficCompilers.Compile(faults, invalid.Add);
                return scope => scope.Fault = fault;
            case TrafficPolicy policies:
                var traffic = TrafficPolicyCompiler.Compile(policies);
                return scope => scope.Traffic = traffic;
            case BackendTrafficPolicy backends:
                var backend = BackendTrafficCompiler.Compile(backends, invalid.Add);
                return scope => scope.Backend = backend;
            case TelemetryPolicy telemetry:
                var (log, tracing) = TelemetryCompiler.Compile(telemetry, _targets, invalid.Add);
                return scope => (scope.AccessLog, scope.Tracing) = (log, tracing);
            case EgressPolicy egress:
                var rule = TrafficCompilers.Compile(egress);
                return scope => scope.Egress = rule;
            default:
                throw new ArgumentException($"no kind of policy: {policy.Kind}", nameof(policy));
        }
    }

    private Contract.ScopedPolicies Scope(string name)
    {
        if (!_scopes.TryGetValue(name, out var scope))
        {
            _scopes.Add(name, scope = new Contract.ScopedPolicies { Scope = name });
        }
        return scope;
    }

    private void Add(IPolicy policy, IReadOnlyList<TargetStatus> targets)
    {
        var metadata = policy.Metadata;
        _statuses.Add(new PolicyStatus(policy.Kind, metadata.Namespace, metadata.Name, metadata.Uid, metadata.Generation, targets));
    }
}
