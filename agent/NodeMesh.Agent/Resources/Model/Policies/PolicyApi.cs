namespace NodeMesh.Agent.Resources.Model.Policies;

/// <summary>The words of group nodemesh.io.</summary>
internal static class PolicyApi
{
    public const string Group = "nodemesh.io";
    public const string Version = $"{Group}/v1alpha1";
    public const string Mesh = "Mesh";
    public const string AuthorizationPolicy = "AuthorizationPolicy";
    public const string RateLimitPolicy = "RateLimitPolicy";
    public const string FaultPolicy = "FaultPolicy";
    public const string TrafficPolicy = "TrafficPolicy";
    public const string EgressPolicy = "EgressPolicy";
    public const string TelemetryPolicy = "TelemetryPolicy";
    public const string Rollout = "Rollout";

    /// <summary>Policies for the mesh as a whole live here, so that whoever may write to a namespace rules that namespace alone.</summary>
    public const string MeshNamespace = "nodemesh-system";
}
