using System.Collections.Immutable;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Rollouts;

/// <summary>
/// Lays the weights of Rollouts over the routes they are about. Nothing the user wrote is changed: the routes with other weights exist between here and
/// the proxy alone. What did not change stays the same instance, so that a route is compiled anew only when a weight moves.
/// </summary>
internal sealed class RolloutLedger
{
    private readonly Dictionary<string, (HttpRoute Route, string Shares, HttpRoute Placed)> _placed = new(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, CompiledRollout> Rollouts { get; private set; } = Compilation.Empty.Rollouts;

    public ResourceSet Apply(ResourceSet resources)
    {
        if (resources.Rollouts.IsEmpty && Rollouts.IsEmpty)
        {
            return resources;
        }
        var targets = new RolloutTargets(resources);
        var found = resources.Rollouts.Values.OrderBy(rollout => Claimant.Of(rollout.Metadata), Claimant.Seniority).Select(targets.Find).ToList();
        Rollouts = found.ToImmutableSortedDictionary(rollout => rollout.Rollout.Metadata.Id, rollout => rollout, StringComparer.Ordinal);
        var routes = resources.HttpRoutes;
        var before = new Dictionary<string, (HttpRoute Route, string Shares, HttpRoute Placed)>(_placed, StringComparer.Ordinal);
        _placed.Clear();
        foreach (var group in found.Where(rollout => rollout.Target?.Weight(rollout.Rollout.Status) is not null).GroupBy(rollout => rollout.Target!.Route))
        {
            var route = routes[group.Key];
            var shares = string.Join(' ', group.Select(rollout => $"{rollout.Target} {rollout.Target!.Weight(rollout.Rollout.Status)} {rollout.Target.IsOpen(rollout.Rollout.Status)}"));
            var placed = before.TryGetValue(group.Key, out var known) && ReferenceEquals(known.Route, route) && known.Shares == shares ? known.Placed : Place(route, group);
            _placed[group.Key] = (route, shares, placed);
            routes = routes.SetItem(group.Key, placed);
        }
        return ReferenceEquals(routes, resources.HttpRoutes) ? resources : resources with { HttpRoutes = routes };
    }

    public IEnumerable<ResourceProblem> Problems() =>
        from rollout in Rollouts.Values
        where rollout.Accepted.IsTrouble
        select new ResourceProblem("Rollout", rollout.Rollout.Metadata.Id, rollout.Accepted.Reason, rollout.Accepted.Message);

    private static HttpRoute Place(HttpRoute route, IEnumerable<CompiledRollout> rollouts)
    {
        var rules = route.Spec.Rules.ToArray();
        foreach (var (rollout, _, target) in rollouts)
        {
            var rule = rules[target!.RuleIndex];
            var weight = target.Weight(rollout.Status)!.Value;
            rules[target.RuleIndex] = rule with
            {
                BackendRefs = [Backend(rollout, rule, rollout.Spec.Stable, 100 - weight), Backend(rollout, rule, rollout.Spec.Canary, weight)],
                IsMeasured = target.IsOpen(rollout.Status),
            };
        }
        return route with { Spec = route.Spec with { Rules = rules } };
    }

    private static BackendReference Backend(Rollout rollout, HttpRouteRule rule, RolloutBackend backend, int weight) =>
        (rule.BackendRefs.FirstOrDefault(reference => RolloutTargets.Is(rollout, reference, backend)) ?? new BackendReference { Name = backend.Name, Port = backend.Port })
            with { Weight = weight };
}
