using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>Annotations can be far larger than the rest of an object, and the mesh reads its own alone.</summary>
internal static class KeptFields
{
    private const string Ours = "nodemesh.io/";

    public static IResource OfAny(IResource resource) => resource switch
    {
        Pod pod => pod with { Metadata = Of(pod.Metadata, ofPod: true) },
        Service service => service with { Metadata = Of(service.Metadata) },
        EndpointSlice slice => slice with { Metadata = Of(slice.Metadata) },
        Node node => new Node { Metadata = new ObjectMeta { Name = node.Metadata.Name, Labels = Zone(node.Metadata.Labels) } },
        ConfigMap map => map with { Metadata = Of(map.Metadata) },
        Namespace home => home with { Metadata = Of(home.Metadata) },
        _ => resource,
    };

    public static ObjectMeta Of(ObjectMeta metadata, bool ofPod = false)
    {
        if (metadata.Annotations.Count == 0)
        {
            return metadata;
        }
        var kept = metadata.Annotations.Where(annotation => IsRead(annotation.Key, ofPod)).ToDictionary(StringComparer.Ordinal);
        return metadata with { Annotations = kept.Count == 0 ? NoStrings.Map : kept };
    }

    // A Node has a status that changes all the time, and dozens of labels.
    private static IReadOnlyDictionary<string, string> Zone(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue(Node.ZoneLabel, out var zone) ? new Dictionary<string, string> { [Node.ZoneLabel] = zone } : NoStrings.Map;

    private static bool IsRead(string annotation, bool ofPod) =>
        annotation.StartsWith(Ours, StringComparison.Ordinal) || (ofPod && annotation == Pod.StaticUidAnnotation);
}
