using System.Collections.Immutable;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>All routes compiled, kept from one compilation to the next. A change costs as much as the routes and Services it touches.</summary>
internal sealed class RouteLedger
{
    private readonly Dictionary<string, CompiledRoute> _compiled = new(StringComparer.Ordinal);
    private readonly MultiMap<string, string> _byService = new();
    private readonly MultiMap<string, string> _byParent = new();
    private readonly MultiMap<string, string> _byNamespace = new();
    private readonly Dictionary<string, Dictionary<Attachment, SortedDictionary<int, string>>> _lost = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _inTrouble = new(StringComparer.Ordinal);
    private ReferenceGrants _grants = new([]);
    private SecuredPorts _secured = new([]);

    public ImmutableSortedDictionary<string, Contract.ServiceRoutes> Routes { get; private set; } = MeshSnapshotContent.Empty.Routes;

    /// <summary>Of routes that have a Service as parent, by <see cref="RouteStatus.Key"/>.</summary>
    public ImmutableSortedDictionary<string, RouteStatus> Statuses { get; private set; } = Compilation.Empty.RouteStatuses;

    public void Update(ResourceSet before, ResourceSet after)
    {
        // :: Step 1: Routes that changed, and those that name a Service, or need a grant, which changed.
        var touched = new Dictionary<string, IRoute?>(StringComparer.Ordinal);
        Touch(before.HttpRoutes, after.HttpRoutes, GatewayApi.HttpRoute, touched);
        Touch(before.GrpcRoutes, after.GrpcRoutes, GatewayApi.GrpcRoute, touched);
        Touch(before.TlsRoutes, after.TlsRoutes, GatewayApi.TlsRoute, touched);
        Touch(before.TcpRoutes, after.TcpRoutes, GatewayApi.TcpRoute, touched);
        foreach (var (service, _, _) in Changes.Between(before.Services, after.Services))
        {
            foreach (var key in _byService[service])
            {
                touched.TryAdd(key, _compiled[key].Route);
            }
        }
        if (!ReferenceEquals(before.ReferenceGrants, after.ReferenceGrants))
        {
            _grants = new ReferenceGrants(after.ReferenceGrants.Values);
        }
        foreach (var (_, old, now) in Changes.Between(before.ReferenceGrants, after.ReferenceGrants))
        {
            foreach (var key in _byNamespace[(now ?? old)!.Metadata.Namespace])
            {
                touched.TryAdd(key, _compiled[key].Route);
            }
        }
        if (!ReferenceEquals(before.BackendTlsPolicies, after.BackendTlsPolicies))
        {
            var secured = new SecuredPorts(after.BackendTlsPolicies.Values);
            foreach (var key in secured.DifferFrom(_secured).SelectMany(service => _byService[service]))
            {
                touched.TryAdd(key, _compiled[key].Route);
            }
            _secured = secured;
        }

        // :: Step 2: The Services they are, or were, attached to.
        var services = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, route) in touched)
        {
            Forget(key, services);
            if (route is not null)
            {
                Remember(RouteCompiler.Compile(route, after.Services, _grants, _secured), services);
            }
        }

        // :: Step 3: The tables of these Services, and with them who lost a port to whom.
        var routes = Routes.ToBuilder();
        var restated = new HashSet<string>(touched.Keys, StringComparer.Ordinal);
        foreach (var service in services)
        {
            restated.UnionWith(_byParent[service]);
            Put(routes, service, CompileTables(service));
        }
        Routes = routes.ToImmutable();

        // :: Step 4: What all of this means for each route.
        var statuses = Statuses.ToBuilder();
        foreach (var key in restated)
        {
            var status = _compiled.TryGetValue(key, out var route) && route.Attachments.Count > 0 ? RouteStatusing.Of(route, LostBy) : null;
            Put(statuses, key, status);
            if (status?.Parents.Any(parent => parent.Conditions.Any(condition => condition.IsTrouble)) == true)
            {
                _inTrouble.Add(key);
            }
            else
            {
                _inTrouble.Remove(key);
            }
        }
        Statuses = statuses.ToImmutable();
    }

    public IEnumerable<ResourceProblem> Problems() =>
        from key in _inTrouble
        let status = Statuses[key]
        from problem in status.Parents.SelectMany(parent => parent.Conditions).Where(condition => condition.IsTrouble).Distinct()
        select new ResourceProblem(status.Kind, $"{status.Namespace}/{status.Name}", problem.Reason, problem.Message);

    private static void Touch<T>(
        ImmutableSortedDictionary<string, T> before, ImmutableSortedDictionary<string, T> after, string kind, Dictionary<string, IRoute?> touched)
        where T : class, IRoute
    {
        foreach (var (id, _, now) in Changes.Between(before, after))
        {
            touched[$"{kind}/{id}"] = now;
        }
    }

    private static void Put<T>(ImmutableSortedDictionary<string, T>.Builder builder, string key, T? value)
        where T : class
    {
        if (value is null)
        {
            builder.Remove(key);
        }
        else if (!builder.TryGetValue(key, out var held) || !held.Equals(value))
        {
            builder[key] = value;
        }
    }

    private Contract.ServiceRoutes? CompileTables(string service)
    {
        var lost = new Dictionary<Attachment, SortedDictionary<int, string>>(ReferenceEqualityComparer.Instance);
        var message = RouteTables.Compile(service, _byParent[service].Select(key => _compiled[key]), (attachment, port, winner) =>
        {
            if (!lost.TryGetValue(attachment, out var ports))
            {
                lost.Add(attachment, ports = []);
            }
            ports[port] = winner;
        });
        if (lost.Count == 0)
        {
            _lost.Remove(service);
        }
        else
        {
            _lost[service] = lost;
        }
        return message;
    }

    private SortedDictionary<int, string>? LostBy(Attachment attachment) =>
        _lost.TryGetValue(attachment.Service, out var lost) ? lost.GetValueOrDefault(attachment) : null;

    private void Remember(CompiledRoute route, HashSet<string> services)
    {
        _compiled.Add(route.Key, route);
        foreach (var service in route.Findings.Services)
        {
            _byService.Add(service, route.Key);
        }
        foreach (var name in route.Findings.Namespaces)
        {
            _byNamespace.Add(name, route.Key);
        }
        foreach (var attachment in route.Attachments)
        {
            _byParent.Add(attachment.Service, route.Key);
            services.Add(attachment.Service);
        }
    }

    private void Forget(string key, HashSet<string> services)
    {
        if (!_compiled.Remove(key, out var route))
        {
            return;
        }
        foreach (var service in route.Findings.Services)
        {
            _byService.Remove(service, key);
        }
        foreach (var name in route.Findings.Namespaces)
        {
            _byNamespace.Remove(name, key);
        }
        foreach (var attachment in route.Attachments)
        {
            _byParent.Remove(attachment.Service, key);
            services.Add(attachment.Service);
        }
    }
}
