namespace NodeMesh.Agent.Compiler;

/// <summary>The labels and annotations that mean something to the mesh. docs/resources.md explains them.</summary>
internal static class MeshLabels
{
    // Labels.
    public const string Mesh = "nodemesh.io/mesh";
    public const string AppName = "app.kubernetes.io/name";

    /// <summary>What the chart calls the pods of the mesh's own DaemonSet.</summary>
    public const string AppNameOfAgents = "nodemesh";

    public const string AppVersion = "app.kubernetes.io/version";
    public const string Version = "version";
    public const string Zone = Resources.Model.Node.ZoneLabel;
    public const string PodTemplateHash = "pod-template-hash";

    // Annotations.
    public const string Netns = "nodemesh.io/netns";
    public const string OpaquePorts = "nodemesh.io/opaque-ports";
    public const string ExcludeOutboundPorts = "nodemesh.io/exclude-outbound-ports";
    public const string ExcludeOutboundCidrs = "nodemesh.io/exclude-outbound-cidrs";
    public const string ExcludeInboundPorts = "nodemesh.io/exclude-inbound-ports";
    public const string OnFailure = "nodemesh.io/on-failure";

    /// <summary>Written by the agent: whether the pod is captured.</summary>
    public const string Status = "nodemesh.io/status";
}
