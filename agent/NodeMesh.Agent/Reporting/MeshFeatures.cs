namespace NodeMesh.Agent.Reporting;

/// <summary>What of the Gateway API the mesh supports, in the names that its conformance tests go by. In the order of the alphabet, as the API wants it.</summary>
internal static class MeshFeatures
{
    public static IReadOnlyList<string> All { get; } =
    [
        "GRPCRoute",
        "HTTPRoute",
        "Mesh",
        "MeshClusterIPMatching",
        "MeshConsumerRoute",
        "MeshHTTPRouteBackendRequestHeaderModification",
        "MeshHTTPRouteNamedRouteRule",
        "MeshHTTPRouteQueryParamMatching",
        "MeshHTTPRouteRedirectPath",
        "MeshHTTPRouteRedirectPort",
        "MeshHTTPRouteRewritePath",
        "MeshHTTPRouteSchemeRedirect",
    ];
}
