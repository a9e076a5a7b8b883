using System.Buffers;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>The name operators know a pod by.</summary>
internal static class WorkloadOwner
{
    /// <summary>That of the API's random names, in which the pod template's hash is written.</summary>
    private static readonly SearchValues<char> HashAlphabet = SearchValues.Create("bcdfghjklmnpqrstvwxz2456789");

    /// <summary>
    /// The controller; for a ReplicaSet the Deployment behind it, for a Job of a CronJob the CronJob. Both are read off the name, since the
    /// API would have to be asked for every ReplicaSet and Job otherwise.
    /// </summary>
    public static (string Kind, string Name) Of(ObjectMeta pod)
    {
        OwnerReference? owner = null;
        foreach (var reference in pod.OwnerReferences)
        {
            if (reference.Controller)
            {
                owner = reference;
                break;
            }
        }
        return owner switch
        {
            null => ("Pod", pod.Name),
            { Kind: "ReplicaSet" } when DeploymentOf(owner.Name, pod) is { } deployment => ("Deployment", deployment),
            { Kind: "Job" } when CronJobOf(owner.Name) is { } cronJob => ("CronJob", cronJob),
            _ => (owner.Kind, owner.Name),
        };
    }

    private static string? DeploymentOf(string replicaSet, ObjectMeta pod)
    {
        if (pod.Labels.TryGetValue(MeshLabels.PodTemplateHash, out var hash))
        {
            return hash.Length > 0 && replicaSet.Length > hash.Length + 1 && replicaSet.EndsWith($"-{hash}", StringComparison.Ordinal)
                ? replicaSet[..^(hash.Length + 1)]
                : null;
        }
        var dash = replicaSet.LastIndexOf('-');
        return dash > 0 && replicaSet.Length - dash - 1 is >= 5 and <= 10 && !replicaSet.AsSpan(dash + 1).ContainsAnyExcept(HashAlphabet)
            ? replicaSet[..dash]
            : null;
    }

    /// <summary>A CronJob's Jobs are called by the minute of their time, eight digits for a century.</summary>
    private static string? CronJobOf(string job)
    {
        var dash = job.LastIndexOf('-');
        return dash > 0 && job.Length - dash - 1 is >= 8 and <= 10 && !job.AsSpan(dash + 1).ContainsAnyExceptInRange('0', '9') ? job[..dash] : null;
    }
}
