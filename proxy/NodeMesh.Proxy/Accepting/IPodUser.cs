namespace NodeMesh.Proxy.Accepting;

/// <summary>Holds sockets of a pod's namespace and must let go of them when the pod is gone. Called on any thread.</summary>
internal interface IPodUser
{
    void OnPodGone();
}
