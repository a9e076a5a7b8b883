using NodeMesh.Agent.Resources;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Compiler;

/// <summary>What the proxy must be told to get from one content to another.</summary>
internal static class SnapshotDiff
{
    /// <summary>Without version, which is the sender's to give. Empty lists: nothing changed.</summary>
    public static SnapshotDelta Delta(MeshSnapshotContent before, MeshSnapshotContent after)
    {
        var delta = new SnapshotDelta();
        foreach (var (id, old, now) in Changes.Between(before.Workloads, after.Workloads))
        {
            if (now is null)
            {
                delta.RemovedWorkloads.Add(id);
            }
            else if (!now.Equals(old))
            {
                delta.Workloads.Add(now);
            }
        }
        foreach (var (id, old, now) in Changes.Between(before.Services, after.Services))
        {
            if (now is null)
            {
                delta.RemovedServices.Add(id);
            }
            else if (!now.Equals(old))
            {
                delta.Services.Add(now);
            }
        }
        foreach (var (id, old, now) in Changes.Between(before.Routes, after.Routes))
        {
            if (now is null)
            {
                delta.RemovedRoutes.Add(id);
            }
            else if (!now.Equals(old))
            {
                delta.Routes.Add(now);
            }
        }
        foreach (var (scope, old, now) in Changes.Between(before.Policies, after.Policies))
        {
            if (now is null)
            {
                delta.RemovedPolicies.Add(scope);
            }
            else if (!now.Equals(old))
            {
                delta.Policies.Add(now);
            }
        }
        return delta;
    }

    /// <summary>All there is, for a proxy that has just connected.</summary>
    public static SnapshotDelta Full(MeshSnapshotContent content)
    {
        var delta = new SnapshotDelta { Full = true };
        delta.Workloads.AddRange(content.Workloads.Values);
        delta.Services.AddRange(content.Services.Values);
        delta.Routes.AddRange(content.Routes.Values);
        delta.Policies.AddRange(content.Policies.Values);
        return delta;
    }

    public static bool IsEmpty(SnapshotDelta delta) =>
        !delta.Full && delta.Workloads.Count + delta.RemovedWorkloads.Count + delta.Services.Count + delta.RemovedServices.Count
            + delta.Routes.Count + delta.RemovedRoutes.Count + delta.Policies.Count + delta.RemovedPolicies.Count == 0;
}
