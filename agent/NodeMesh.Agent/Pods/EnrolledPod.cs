using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;

namespace NodeMesh.Agent.Pods;

/// <summary>A pod that shall be captured, and what was done for it so far. The control loop's alone.</summary>
internal sealed class EnrolledPod(LocalPod wanted)
{
    public LocalPod Wanted { get; set; } = wanted;

    /// <summary>Null until its namespace was opened.</summary>
    public PodSandbox? Sandbox { get; set; }

    public PodListeners? Listeners { get; set; }

    /// <summary>Why the kernel does not steer all of its traffic; empty when it does.</summary>
    public IReadOnlyList<string> Missing { get; set; } = [NotYet];

    public bool IsCaptured => Missing.Count == 0;

    /// <summary>Reason word of the problem shown for this pod, or null.</summary>
    public string? Problem { get; set; }

    public const string NotYet = "not captured yet";
}
