using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>Compiles one route by itself, with the Services it names and the grants it needs.</summary>
internal static class RouteCompiler
{
    public static CompiledRoute Compile(IRoute route, IReadOnlyDictionary<string, Service> services, ReferenceGrants grants, SecuredPorts secured)
    {
        var lookup = new ServiceLookup(services, grants, secured, new RouteFindings());
        var compiler = new RuleCompiler(route, lookup);
        var rules = new List<Contract.RouteRule?>();
        var matches = new List<RankedMatch>();
        var kind = route switch
        {
            HttpRoute http => Http(http),
            GrpcRoute grpc => Grpc(grpc),
            TlsRoute tls => Tls(tls),
            _ => Tcp((TcpRoute)route),
        };
        return new CompiledRoute(route, kind, rules, matches, ParentLookup.Attachments(route, lookup), lookup.Findings);

        Contract.RouteKind Http(HttpRoute http)
        {
            for (var i = 0; i < http.Spec.Rules.Count; i++)
            {
                var (index, rule) = (i, http.Spec.Rules[i]);
                IReadOnlyList<HttpRouteMatch> wanted = rule.Matches.Count > 0 ? rule.Matches : [new HttpRouteMatch()];
                Add(index, () => compiler.Http(rule, index), () => wanted.Select((match, position) => MatchCompiler.Http(http, index, position, match)));
            }
            return Contract.RouteKind.HttpRoute;
        }

        Contract.RouteKind Grpc(GrpcRoute grpc)
        {
            for (var i = 0; i < grpc.Spec.Rules.Count; i++)
            {
                var (index, rule) = (i, grpc.Spec.Rules[i]);
                IReadOnlyList<GrpcRouteMatch> wanted = rule.Matches.Count > 0 ? rule.Matches : [new GrpcRouteMatch()];
                Add(index, () => compiler.Grpc(rule, index), () => wanted.Select((match, position) => MatchCompiler.Grpc(grpc, index, position, match)));
            }
            return Contract.RouteKind.GrpcRoute;
        }

        Contract.RouteKind Tls(TlsRoute tls)
        {
            var names = tls.Spec.Hostnames.Count > 0 ? tls.Spec.Hostnames.Cast<string?>().ToList() : [null];
            foreach (var rule in tls.Spec.Rules.Take(1))
            {
                Add(0, () => compiler.Connection(rule, 0), () => names.Select((name, position) => MatchCompiler.Tls(tls, position, name)));
            }
            return Contract.RouteKind.TlsRoute;
        }

        Contract.RouteKind Tcp(TcpRoute tcp)
        {
            foreach (var rule in tcp.Spec.Rules.Take(1))
            {
                Add(0, () => compiler.Connection(rule, 0), () => [MatchCompiler.Tcp(tcp)]);
            }
            return Contract.RouteKind.TcpRoute;
        }

        void Add(int index, Func<Contract.RouteRule> rule, Func<IEnumerable<RankedMatch>> matchesOf)
        {
            try
            {
                var ranked = matchesOf().ToList();
                rules.Add(rule());
                matches.AddRange(ranked);
            }
            catch (UnsupportedException unsupported)
            {
                rules.Add(null);
                lookup.Findings.Invalid(index, unsupported.Reason, unsupported.Message);
            }
        }
    }
}
