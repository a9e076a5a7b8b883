using System.Text.Json.Nodes;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>The rules of Roles and ClusterRoles, and what they allow. Everything is bound to one subject.</summary>
/// <param name="roles">Role and ClusterRole objects; a Role counts in its namespace alone.</param>
public sealed class AccessRules(IEnumerable<JsonNode> roles)
{
    private readonly List<Grant> _grants =
    [
        .. from role in roles
           where (string?)role["kind"] is "Role" or "ClusterRole"
           from rule in role["rules"]!.AsArray()
           from grp in rule!["apiGroups"]!.AsArray()
           from resource in rule["resources"]!.AsArray()
           from verb in rule["verbs"]!.AsArray()
           select new Grant(
               (string?)role["kind"] == "Role" ? (string?)role["metadata"]!["namespace"] : null, (string)verb!, (string)grp!, (string)resource!,
               (rule["resourceNames"] as JsonArray)?.Select(name => (string)name!).ToHashSet()),
    ];

    /// <summary>As one may do something in a namespace, or everywhere.</summary>
    private sealed record Grant(string? Namespace, string Verb, string Group, string Resource, IReadOnlySet<string>? Names)
    {
        public bool Allows(ApiRequest request) =>
            (Namespace is null || Namespace == request.Namespace)
            && Verb == request.Verb && Group == request.Group
            && Resource == (request.Subresource.Length == 0 ? request.Resource : $"{request.Resource}/{request.Subresource}")
            && (Names is null || Names.Contains(request.Name));

        public override string ToString() => $"{Verb} {(Group.Length == 0 ? "" : Group + "/")}{Resource}{(Namespace is null ? "" : $" in {Namespace}")}";
    }

    /// <summary>Of these requests, those that nothing allows.</summary>
    public IReadOnlyList<string> Refused(IEnumerable<ApiRequest> requests) =>
        [.. requests.Where(request => !_grants.Exists(grant => grant.Allows(request))).Select(request => request.ToString()).Distinct()];

    /// <summary>What is allowed and none of these requests needed.</summary>
    public IReadOnlyList<string> Unneeded(IReadOnlyCollection<ApiRequest> requests) =>
        [.. _grants.Where(grant => !requests.Any(grant.Allows)).Select(grant => grant.ToString())];
}
