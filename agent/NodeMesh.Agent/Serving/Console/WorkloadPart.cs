using System.Collections.Immutable;
using NodeMesh.Agent.Compiler;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>Of the compiled mesh what concerns one workload: its pods, the Services they are behind, the routes that lead there and what else these lead to, and the policies that count for any of it.</summary>
internal static class WorkloadPart
{
    private static readonly string[] RouteKinds = ["HTTPRoute", "GRPCRoute"];

    /// <param name="owner">The name operators know it by.</param>
    public static MeshSnapshotContent Of(MeshSnapshotContent all, string @namespace, string owner)
    {
        var pods = all.Workloads.Values.Where(workload => workload.Namespace == @namespace && workload.Owner == owner).Select(workload => workload.Id).ToHashSet();
        var services = all.Services.Values.Where(service => Behind(service).Any(pods.Contains)).Select(service => service.Id).ToHashSet();
        var routes = Only(all.Routes, (id, routes) => services.Contains(id) || Backends(routes).Any(services.Contains));
        // Where requests might go instead, and who would answer them there.
        var shown = services.Union(routes.Values.SelectMany(Backends)).ToHashSet();
        var others = shown.Select(id => all.Services.GetValueOrDefault(id)).OfType<Contract.Service>().SelectMany(Behind).Union(pods).ToHashSet();
        return new MeshSnapshotContent
        {
            Workloads = Only(all.Workloads, (id, _) => others.Contains(id)),
            Services = Only(all.Services, (id, _) => shown.Contains(id)),
            Routes = routes,
            Policies = Only(all.Policies, IsConcerned(@namespace, services, routes.Values.SelectMany(Rules))),
        };
    }

    // The scopes, as nodemesh.proto has them.
    private static Func<string, Contract.ScopedPolicies, bool> IsConcerned(string @namespace, IReadOnlySet<string> services, IEnumerable<Contract.RouteRule> rules)
    {
        var scopes = rules.SelectMany(rule => RouteKinds.SelectMany(kind => new[] { $"{kind}/{rule.Route}", $"{kind}/{rule.Route}#{rule.Name}" })).ToHashSet();
        return (scope, _) => scope.Length == 0 || scope == @namespace || scopes.Contains(scope) || services.Contains(scope.Split(':')[0]);
    }

    private static IEnumerable<string> Behind(Contract.Service service) => service.Ports.SelectMany(port => port.Endpoints).Select(endpoint => endpoint.Workload);

    private static IEnumerable<Contract.RouteRule> Rules(Contract.ServiceRoutes routes) => routes.Tables.SelectMany(table => table.Rules);

    private static IEnumerable<string> Backends(Contract.ServiceRoutes routes) => Rules(routes).SelectMany(rule => rule.Backends).Where(backend => backend.Port is not null).Select(backend => backend.Port.Service);

    private static ImmutableSortedDictionary<string, T> Only<T>(ImmutableSortedDictionary<string, T> all, Func<string, T, bool> which) =>
        all.Where(entry => which(entry.Key, entry.Value)).ToImmutableSortedDictionary(StringComparer.Ordinal);
}
