using System.Net;
using NodeMesh.Agent.Capture;

namespace NodeMesh.Agent.Compiler;

/// <summary>A pod of this node as the resources want it.</summary>
/// <param name="Id">namespace/name</param>
/// <param name="Netns">The path of its network namespace, or <see cref="ByUid"/> and the uid that the kubelet knows the pod by.</param>
/// <param name="DeclaredAddresses">Those of its status that no other pod holds; empty where they must be read from the namespace.</param>
/// <param name="Enrolled">Wanted in the mesh.</param>
internal sealed record LocalPod(
    string Id,
    string Netns,
    IReadOnlyList<IPAddress> DeclaredAddresses,
    bool Enrolled,
    PodCaptureOptions Options)
{
    /// <summary>Stands before the uid of a pod whose network namespace is that of its processes.</summary>
    public const string ByUid = "uid:";

    public bool Equals(LocalPod? other) =>
        other is not null && Id == other.Id && Netns == other.Netns && Enrolled == other.Enrolled
        && DeclaredAddresses.SequenceEqual(other.DeclaredAddresses)
        && Options.Equals(other.Options);

    public override int GetHashCode() => HashCode.Combine(Id, Netns, Enrolled);
}
