namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>Where objects are in the API.</summary>
internal static class ApiPaths
{
    /// <param name="ns">Empty: of the whole cluster.</param>
    /// <param name="name">Empty: all of them.</param>
    public static string Of(string apiVersion, string plural, string ns = "", string name = "", string subresource = "")
    {
        var root = apiVersion.Contains('/') ? $"/apis/{apiVersion}" : $"/api/{apiVersion}";
        var scope = ns.Length == 0 ? "" : $"/namespaces/{ns}";
        var it = name.Length == 0 ? "" : $"/{name}";
        return $"{root}{scope}/{plural}{it}{(subresource.Length == 0 ? "" : "/" + subresource)}";
    }
}
