using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>
/// Puts the routes of one Service together. Routes of the Service's own namespace (producer routes) are for everybody; those of another
/// (consumer routes) for callers of that namespace, who then have them alone. Within a group and a port, routes of one kind are merged;
/// of several kinds the most specific has the port.
/// </summary>
internal static class RouteTables
{
    /// <summary>The kind that has a port before the others.</summary>
    private static readonly Contract.RouteKind[] Precedence =
        [Contract.RouteKind.GrpcRoute, Contract.RouteKind.HttpRoute, Contract.RouteKind.TlsRoute, Contract.RouteKind.TcpRoute];

    /// <param name="routes">All that have the Service as a parent.</param>
    /// <param name="lost">Is told of each attachment and port of it that a route of another kind has.</param>
    /// <returns>null: no route is in force there.</returns>
    public static Contract.ServiceRoutes? Compile(string service, IEnumerable<CompiledRoute> routes, Action<Attachment, int, string> lost)
    {
        var home = service[..service.IndexOf('/', StringComparison.Ordinal)];
        var claims = routes
            .SelectMany(route => route.Attachments.Where(attachment => attachment.Service == service && attachment.Refusal is null)
                .SelectMany(attachment => attachment.Ports.Select(port => (Port: port, Route: route, Attachment: attachment))))
            .Where(claim => claim.Route.Rules.Any(rule => rule is not null))
            .GroupBy(claim => (claim.Port, Consumer: claim.Route.Route.Metadata.Namespace == home ? "" : claim.Route.Route.Metadata.Namespace))
            .OrderBy(group => group.Key.Port).ThenBy(group => group.Key.Consumer, StringComparer.Ordinal);

        var message = new Contract.ServiceRoutes { Service = service };
        foreach (var group in claims)
        {
            var kind = Precedence.First(kind => group.Any(claim => claim.Route.Kind == kind));
            var winners = group.Where(claim => claim.Route.Kind == kind).Select(claim => claim.Route).DistinctBy(route => route.Key)
                .OrderBy(route => Claimant.Of(route.Route.Metadata), Claimant.Seniority).ToList();
            foreach (var claim in group.Where(claim => claim.Route.Kind != kind))
            {
                lost(claim.Attachment, claim.Port, winners[0].Key);
            }
            message.Tables.Add(Table(group.Key.Port, group.Key.Consumer, kind, winners));
        }
        return message.Tables.Count == 0 ? null : message;
    }

    private static Contract.RouteTable Table(int port, string consumer, Contract.RouteKind kind, List<CompiledRoute> routes)
    {
        var table = new Contract.RouteTable { Port = (uint)port, ConsumerNamespace = consumer, Kind = kind };
        var matches = new List<(RankedMatch Ranked, int Rule)>();
        foreach (var route in routes)
        {
            var index = new int[route.Rules.Count];
            for (var i = 0; i < route.Rules.Count; i++)
            {
                index[i] = table.Rules.Count;
                if (route.Rules[i] is { } rule)
                {
                    table.Rules.Add(rule);
                }
            }
            matches.AddRange(route.Matches.Select(match => (match, index[match.Rule])));
        }
        foreach (var (ranked, rule) in matches.OrderBy(match => match.Ranked))
        {
            var match = ranked.Message.Clone();
            match.Rule = (uint)rule;
            table.Matches.Add(match);
        }
        return table;
    }
}
