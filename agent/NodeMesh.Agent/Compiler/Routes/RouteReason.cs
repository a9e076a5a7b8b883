namespace NodeMesh.Agent.Compiler.Routes;

/// <summary>The reasons of conditions, as the Gateway API prescribes them.</summary>
internal static class RouteReason
{
    public const string Accepted = "Accepted";
    public const string NoMatchingParent = "NoMatchingParent";
    public const string UnsupportedValue = "UnsupportedValue";
    public const string IncompatibleFilters = "IncompatibleFilters";
    public const string Conflicted = "Conflicted";
    public const string ResolvedRefs = "ResolvedRefs";
    public const string InvalidKind = "InvalidKind";
    public const string RefNotPermitted = "RefNotPermitted";
    public const string BackendNotFound = "BackendNotFound";
    public const string UnsupportedProtocol = "UnsupportedProtocol";
}
