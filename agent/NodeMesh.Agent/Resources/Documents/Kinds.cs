using System.Collections.Frozen;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>Which kinds the mesh reads, which it passes over, and which are mistakes.</summary>
internal static class Kinds
{
    public static ResourceKind Namespace { get; } = new ResourceKind<Namespace>(
        "Namespace", "v1", "namespaces", ModelJson.Default.Namespace,
        (it, metadata) => it with { Metadata = metadata }, set => set.Namespaces, (set, all) => set with { Namespaces = all })
    {
        IsNamespaced = false,
    };

    public static ResourceKind Pod { get; } = new ResourceKind<Pod>(
        "Pod", "v1", "pods", ModelJson.Default.Pod,
        (it, metadata) => it with { Metadata = metadata }, set => set.Pods, (set, all) => set with { Pods = all });

    public static ResourceKind Service { get; } = new ResourceKind<Service>(
        "Service", "v1", "services", ModelJson.Default.Service,
        (it, metadata) => it with { Metadata = metadata }, set => set.Services, (set, all) => set with { Services = all });

    public static ResourceKind EndpointSlice { get; } = new ResourceKind<EndpointSlice>(
        "EndpointSlice", "discovery.k8s.io/v1", "endpointslices", ModelJson.Default.EndpointSlice,
        (it, metadata) => it with { Metadata = metadata }, set => set.EndpointSlices, (set, all) => set with { EndpointSlices = all });

    /// <summary>Every kind that is read, from files and from the Kubernetes API: a new one is added here, and nowhere else.</summary>
    public static IReadOnlyList<ResourceKind> All { get; } = [Namespace, Pod, Service, EndpointSlice];

    private static readonly FrozenDictionary<string, ResourceKind> ByName = All.ToFrozenDictionary(kind => kind.Name);

    /// <summary>The rest of the core group: of no use here, but no mistake either.</summary>
    private static readonly FrozenSet<string> OtherCoreKinds = FrozenSet.Create(
        "Binding", "ComponentStatus", "ConfigMap", "Endpoints", "Event", "LimitRange", "Node", "PersistentVolume", "PersistentVolumeClaim",
        "PodTemplate", "ReplicationController", "ResourceQuota", "Secret", "ServiceAccount");

    /// <summary>The kind an object is read as; null: it is not read.</summary>
    /// <param name="complaint">Set when it looks like one that should be read, but can not be; else the object is of no use to the mesh.</param>
    public static ResourceKind? Find(string apiVersion, string kind, out string? complaint)
    {
        complaint = null;
        if (ByName.TryGetValue(kind, out var known))
        {
            if (apiVersion == known.ApiVersion)
            {
                return known;
            }
            // A Service of another group, such as Knative's, is another thing; a Service of v2, or an EndpointSlice of v1, is a mistake.
            if (Group(apiVersion) == known.Group || IsOurs(apiVersion))
            {
                complaint = $"{kind} is read as {known.ApiVersion}, not as {apiVersion}";
            }
            return null;
        }
        if (IsOurs(apiVersion) && !(apiVersion == "v1" && OtherCoreKinds.Contains(kind)))
        {
            var meant = ByName.Keys.FirstOrDefault(name => name.Equals(kind, StringComparison.OrdinalIgnoreCase));
            complaint = $"{apiVersion} has no kind {kind}" + (meant is null ? "" : $": {meant} is meant, perhaps");
        }
        return null;
    }

    public static ResourceKind? Named(string? kind) => kind is null ? null : ByName.GetValueOrDefault(kind);

    private static bool IsOurs(string apiVersion) => Group(apiVersion) is "" or "discovery.k8s.io" or "nodemesh.io";

    private static string Group(string apiVersion) => apiVersion.IndexOf('/') is var slash && slash < 0 ? "" : apiVersion[..slash];
}
