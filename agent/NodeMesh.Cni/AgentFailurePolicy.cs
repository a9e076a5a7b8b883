namespace NodeMesh.Cni;

/// <summary>What becomes of a pod when the agent does not say, in time, that it is captured or need not be.</summary>
internal enum AgentFailurePolicy
{
    /// <summary>It does not start; the kubelet tries again, and says why in an Event.</summary>
    Fail,

    /// <summary>It starts unmeshed; the agent is left a note, captures it as soon as it can, and reports it.</summary>
    Unmeshed,
}
