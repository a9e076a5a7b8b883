using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>What a pod's annotations say about its capture.</summary>
internal static class CaptureAnnotations
{
    public static PodCaptureOptions Options(ObjectMeta pod, ICollection<ResourceProblem> problems)
    {
        if (pod.Annotations.Count == 0)
        {
            return PodCaptureOptions.Default;
        }
        return new PodCaptureOptions(
            AnnotationList.Ports("Pod", pod, MeshLabels.ExcludeOutboundPorts, problems),
            AnnotationList.Networks("Pod", pod, MeshLabels.ExcludeOutboundCidrs, problems),
            AnnotationList.Ports("Pod", pod, MeshLabels.ExcludeInboundPorts, problems),
            OnFailure(pod, problems));
    }

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

    private static FailurePolicy OnFailure(ObjectMeta pod, ICollection<ResourceProblem> problems)
    {
        switch (pod.Annotations.GetValueOrDefault(MeshLabels.OnFailure))
        {
            case null:
                return PodCaptureOptions.Default.OnFailure;
            case "open":
                return FailurePolicy.Open;
            case "closed":
                return FailurePolicy.Closed;
            case var other:
                problems.Add(new ResourceProblem("Pod", pod.Id, "InvalidAnnotation",
                    $"annotation {MeshLabels.OnFailure}: \"{other}\" is neither open nor closed; {PodCaptureOptions.Default.OnFailure} applies"));
                return PodCaptureOptions.Default.OnFailure;
        }
    }
}
