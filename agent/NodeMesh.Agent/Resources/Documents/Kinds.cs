using System.Collections.Frozen;
using System.Text.Json;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Documents;

/// <summary>Which kinds the mesh reads, which it passes over, and which are mistakes.</summary>
internal static class Kinds
{
    private static readonly FrozenDictionary<string, string> ApiVersions = new Dictionary<string, string>
    {
        ["Namespace"] = "v1",
        ["Pod"] = "v1",
        ["Service"] = "v1",
        ["EndpointSlice"] = "discovery.k8s.io/v1",
    }.ToFrozenDictionary();

    /// <summary>The rest of the core group: of no use here, but no mistake either.</summary>
    private static readonly FrozenSet<string> OtherCoreKinds = FrozenSet.Create(
        "Binding", "ComponentStatus", "ConfigMap", "Endpoints", "Event", "LimitRange", "Node", "PersistentVolume", "PersistentVolumeClaim",
        "PodTemplate", "ReplicationController", "ResourceQuota", "Secret", "ServiceAccount");

    /// <summary>Whether an object is read; null: it is of no use to the mesh.</summary>
    /// <param name="complaint">Set when it looks like one that should be read, but can not be.</param>
    public static bool? IsRead(string apiVersion, string kind, out string? complaint)
    {
        complaint = null;
        if (ApiVersions.TryGetValue(kind, out var known))
        {
            if (apiVersion == known)
            {
                return true;
            }
            // A Service of another group, such as Knative's, is another thing; a Service of v2, or an EndpointSlice of v1, is a mistake.
            if (Group(apiVersion) != Group(known) && !IsOurs(apiVersion))
            {
                return null;
            }
            complaint = $"{kind} is read as {known}, not as {apiVersion}";
            return false;
        }
        if (!IsOurs(apiVersion) || (apiVersion == "v1" && OtherCoreKinds.Contains(kind)))
        {
            return null;
        }
        var meant = ApiVersions.Keys.FirstOrDefault(name => name.Equals(kind, StringComparison.OrdinalIgnoreCase));
        complaint = $"{apiVersion} has no kind {kind}" + (meant is null ? "" : $": {meant} is meant, perhaps");
        return false;
    }

    /// <exception cref="JsonException">A field is of the wrong type; the path says which.</exception>
    public static IResource Deserialize(string kind, ReadOnlySpan<byte> json) => kind switch
    {
        "Namespace" => JsonSerializer.Deserialize(json, ModelJson.Default.Namespace)!,
        "Pod" => JsonSerializer.Deserialize(json, ModelJson.Default.Pod)!,
        "Service" => JsonSerializer.Deserialize(json, ModelJson.Default.Service)!,
        _ => JsonSerializer.Deserialize(json, ModelJson.Default.EndpointSlice)!,
    };

    /// <summary>In the namespace "default" where a namespaced object does not say, in none where it has none.</summary>
    public static IResource InNamespace(IResource resource) => resource switch
    {
        Namespace { Metadata.Namespace.Length: > 0 } all => all with { Metadata = all.Metadata with { Namespace = "" } },
        Pod { Metadata.Namespace: "" } pod => pod with { Metadata = pod.Metadata with { Namespace = "default" } },
        Service { Metadata.Namespace: "" } service => service with { Metadata = service.Metadata with { Namespace = "default" } },
        EndpointSlice { Metadata.Namespace: "" } slice => slice with { Metadata = slice.Metadata with { Namespace = "default" } },
        _ => resource,
    };

    private static bool IsOurs(string apiVersion) => Group(apiVersion) is "" or "discovery.k8s.io" or "nodemesh.io";

    private static string Group(string apiVersion) => apiVersion.IndexOf('/') is var slash && slash < 0 ? "" : apiVersion[..slash];
}
