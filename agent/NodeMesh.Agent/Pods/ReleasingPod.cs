using NodeMesh.Agent.Capture;

namespace NodeMesh.Agent.Pods;

/// <summary>A pod whose last connections still end. Its routes are needed until then.</summary>
/// <param name="Since">A timestamp of the TimeProvider.</param>
internal sealed record ReleasingPod(PodSandbox Sandbox, long Since, TimeSpan Limit)
{
    /// <summary>The proxies that have not yet said that they have no connection of the pod left, by pid.</summary>
    public HashSet<int> Awaited { get; } = [];
}
