namespace NodeMesh.Agent.Pods;

/// <summary>A pod that can't be enrolled as it stands; shown as a problem of that pod, and tried again.</summary>
internal sealed class PodRefusedException(string pod, string reason, string message) : Exception(message)
{
    public string Pod => pod;

    /// <summary>One word in CamelCase, for the metric.</summary>
    public string Reason => reason;
}
