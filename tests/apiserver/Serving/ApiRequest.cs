using Microsoft.AspNetCore.Http;
using NodeMesh.TestApiServer.Storage;

namespace NodeMesh.TestApiServer.Serving;

/// <summary>A request for objects, in the words of RBAC.</summary>
/// <param name="Verb">get, list, watch, create, update, patch, delete or deletecollection.</param>
/// <param name="Subresource">Empty: the object itself.</param>
public sealed record ApiRequest(string Verb, string Group, string Version, string Resource, string Namespace, string Name, string Subresource, IQueryCollection Query)
{
    public override string ToString() =>
        $"{Verb} {(Group.Length == 0 ? "" : Group + "/")}{Resource}{(Subresource.Length == 0 ? "" : "/" + Subresource)} {Namespace}/{Name}";

    public string Parameter(string name) => Query.TryGetValue(name, out var value) ? value.ToString() : "";

    public bool Flag(string name) => Parameter(name) is "true" or "1";

    /// <summary>null: no path of objects.</summary>
    public static ApiRequest? Parse(string method, string path, IQueryCollection query)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToList();
        string group, version;
        switch (parts)
        {
            case ["api", var core, _, ..]:
                (group, version) = ("", core);
                parts.RemoveRange(0, 2);
                break;
            case ["apis", var named, var itsVersion, _, ..]:
                (group, version) = (named, itsVersion);
                parts.RemoveRange(0, 3);
                break;
            default:
                return null;
        }
        var ns = "";
        if (parts is ["namespaces", var inside, _, ..] && parts[2] is not ("status" or "finalize"))
        {
            ns = inside;
            parts.RemoveRange(0, 2);
        }
        var (resource, name, subresource) = (parts[0], parts.ElementAtOrDefault(1) ?? "", parts.ElementAtOrDefault(2) ?? "");
        var isWatch = query.TryGetValue("watch", out var watch) && watch.ToString() is "1" or "true";
        var verb = method switch
        {
            "GET" => name.Length > 0 ? "get" : isWatch ? "watch" : "list",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => name.Length > 0 ? "delete" : "deletecollection",
            _ => method.ToLowerInvariant(),
        };
        return new ApiRequest(verb, group, version, resource, ns, name, subresource, query);
    }

    public bool Is(string verb, string resource) => Verb == verb && Resource == resource;

    public ResourceType TypeIn(ObjectStore store) => store.Find(Group, Version, Resource) ?? throw new ApiRefusalException(404, "", "404 page not found");
}
