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

    private static bool IsRead(string annotation, bool ofPod) =>
        annotation.StartsWith(Ours, StringComparison.Ordinal) || (ofPod && annotation == Pod.StaticUidAnnotation);
}
