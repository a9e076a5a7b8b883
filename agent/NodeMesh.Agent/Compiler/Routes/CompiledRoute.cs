using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>A route by itself, before it is known which others share its parents.</summary>
/// <param name="Rules">As the route has them; null: left out, since it can't be carried out as written.</param>
/// <param name="Services">Those it was compiled with.</param>
internal sealed record CompiledRoute(
    IRoute Route,
    Contract.RouteKind Kind,
    IReadOnlyList<Contract.RouteRule?> Rules,
    IReadOnlyList<RankedMatch> Matches,
    IReadOnlyList<Attachment> Attachments,
    RouteFindings Findings)
{
    public string Key { get; } = KeyOf(Route);

    public static string KeyOf(IRoute route) => $"{route.Kind}/{route.Metadata.Id}";
}

/// <summary>A parent that is a Service.</summary>
/// <param name="Service">namespace/name</param>
/// <param name="Ports">Those of the Service that the route is for; empty when refused.</param>
/// <param name="Refusal">Why the route is not in force there at all.</param>
internal sealed record Attachment(ParentReference Parent, string Service, IReadOnlyList<int> Ports, RouteCondition? Refusal);
