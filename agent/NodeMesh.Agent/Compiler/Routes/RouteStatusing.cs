namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>Sums up a compiled route as conditions.</summary>
internal static class RouteStatusing
{
    /// <param name="lostBy">The ports of an attachment that another kind of route has, with the winner; null: none.</param>
    public static RouteStatus Of(CompiledRoute route, Func<Attachment, SortedDictionary<int, string>?> lostBy)
    {
        var metadata = route.Route.Metadata;
        var parents = route.Attachments.Select(attachment =>
        {
            var conditions = new List<RouteCondition>(3)
            {
                Accepted(route, attachment, lostBy(attachment)),
                route.Findings.References(),
            };
            if (route.Findings.PartiallyInvalid(route.Rules.Count) is { } partially)
            {
                conditions.Add(partially);
            }
            return new ParentStatus(attachment.Parent, conditions);
        });
        return new RouteStatus(route.Route.Kind, metadata.Namespace, metadata.Name, metadata.Uid, metadata.Generation, [.. parents]);
    }

    private static RouteCondition Accepted(CompiledRoute route, Attachment attachment, SortedDictionary<int, string>? lost)
    {
        if (attachment.Refusal is { } refusal)
        {
            return refusal;
        }
        if (route.Findings.Refusal(route.Rules.Count) is { } unsupported)
        {
            return unsupported;
        }
        var others = lost is null ? "" : string.Join(", ", lost.Select(port => $"port {port.Key} has {port.Value}"));
        if (lost?.Count == attachment.Ports.Count)
        {
            return new RouteCondition(RouteCondition.Accepted, false, RouteReason.Conflicted, $"routes of another kind come first: {others}");
        }
        var scope = route.Route.Metadata.Namespace == attachment.Service[..attachment.Service.IndexOf('/', StringComparison.Ordinal)]
            ? "for every caller" : $"for callers in namespace {route.Route.Metadata.Namespace}";
        var ports = string.Join(", ", attachment.Ports.Where(port => lost?.ContainsKey(port) != true));
        return new RouteCondition(RouteCondition.Accepted, true, RouteReason.Accepted,
            $"in force {scope}, on port {ports}{(others.Length == 0 ? "" : $"; {others}, of a kind that comes first")}");
    }
}
