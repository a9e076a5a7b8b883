using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>Whether a pod is wanted in the mesh: its own label says, else that of its Namespace; a pod in the host's network never is.</summary>
internal static class Enrolment
{
    public static bool IsEnrolled(Pod pod, Namespace? home, ICollection<ResourceProblem> problems)
    {
        var own = Read("Pod", pod.Metadata, problems);
        if (pod.Spec.HostNetwork)
        {
            if (own == true)
            {
                problems.Add(new ResourceProblem("Pod", pod.Metadata.Id, "HostNetwork", "the pod uses the host's network, which is never captured; it is not enrolled"));
            }
            return false;
        }
        // A Namespace's own mistake is reported once, on the Namespace.
        return own ?? (home is not null && Read("Namespace", home.Metadata, []) == true);
    }

    public static void Check(Namespace home, ICollection<ResourceProblem> problems) => Read("Namespace", home.Metadata, problems);

    private static bool? Read(string kind, ObjectMeta metadata, ICollection<ResourceProblem> problems)
    {
        switch (metadata.Labels.GetValueOrDefault(MeshLabels.Mesh))
        {
            case null:
                return null;
            case "enabled":
                return true;
            case "disabled":
                return false;
            case var other:
                problems.Add(new ResourceProblem(kind, metadata.Id, "InvalidLabel",
                    $"label {MeshLabels.Mesh}: \"{other}\" is neither enabled nor disabled; it counts as disabled"));
                return false;
        }
    }
}
