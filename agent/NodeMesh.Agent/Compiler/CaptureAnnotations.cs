using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>What a pod's annotations say about its capture.</summary>
internal static class CaptureAnnotations
{
    /// <param name="onFailure">The policy where neither the pod nor its Namespace names one.</param>
    public static PodCaptureOptions Options(ObjectMeta pod, ObjectMeta? home, FailurePolicy onFailure, ICollection<ResourceProblem> problems)
    {
        // A Namespace's own mistake is reported once, on the Namespace.
        var inNamespace = (home is null ? null : OnFailure("Namespace", home, [])) ?? onFailure;
        if (pod.Annotations.Count == 0)
        {
            return inNamespace == PodCaptureOptions.Default.OnFailure ? PodCaptureOptions.Default : PodCaptureOptions.Default with { OnFailure = inNamespace };
        }
        return new PodCaptureOptions(
            AnnotationList.Ports("Pod", pod, MeshLabels.ExcludeOutboundPorts, problems),
            AnnotationList.Networks("Pod", pod, MeshLabels.ExcludeOutboundCidrs, problems),
            AnnotationList.Ports("Pod", pod, MeshLabels.ExcludeInboundPorts, problems),
            OnFailure("Pod", pod, problems) ?? inNamespace);
    }

    public static void Check(Namespace home, ICollection<ResourceProblem> problems) => OnFailure("Namespace", home.Metadata, problems);

    /// <summary>The path of the pod's network namespace; null where none is named, or not a usable one.</summary>
    public static string? Netns(ObjectMeta pod, ICollection<ResourceProblem> problems)
    {
        if (!pod.Annotations.TryGetValue(MeshLabels.Netns, out var text))
        {
            return null;
        }
        if (text.StartsWith('/') && text.Length > 1)
        {
            return text;
        }
        if (text.Length > 0 && !text.Contains('/') && text is not ("." or ".."))
        {
            return $"/run/netns/{text}";
        }
        problems.Add(new ResourceProblem("Pod", pod.Id, "InvalidAnnotation",
            $"annotation {MeshLabels.Netns}: \"{text}\" is neither a name under /run/netns nor an absolute path; the pod is not captured"));
        return null;
    }

    private static FailurePolicy? OnFailure(string kind, ObjectMeta metadata, ICollection<ResourceProblem> problems)
    {
        switch (metadata.Annotations.GetValueOrDefault(MeshLabels.OnFailure))
        {
            case null:
                return null;
            case "open":
                return FailurePolicy.Open;
            case "closed":
                return FailurePolicy.Closed;
            case var other:
                problems.Add(new ResourceProblem(kind, metadata.Id, "InvalidAnnotation",
                    $"annotation {MeshLabels.OnFailure}: \"{other}\" is neither open nor closed; it is left out"));
                return null;
        }
    }
}
