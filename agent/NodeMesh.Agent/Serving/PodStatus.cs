using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Pods;

namespace NodeMesh.Agent.Serving;

/// <summary>A pod of this node.</summary>
internal sealed record PodStatus(
    string Namespace,
    string Name,
    string? Netns,
    IReadOnlyList<string> Addresses,
    bool Enrolled,
    bool Captured,
    IReadOnlyList<string> Missing,
    long BypassAttempts,
    long Unmeshed,
    long UdpPackets)
{
    /// <param name="enrolled">null: nothing was done for it.</param>
    public static PodStatus Of(LocalPod pod, EnrolledPod? enrolled, ICapture capture)
    {
        var counters = enrolled?.Sandbox is { } sandbox ? capture.Counters(sandbox) : default;
        var slash = pod.Id.IndexOf('/', StringComparison.Ordinal);
        return new PodStatus(
            pod.Id[..slash], pod.Id[(slash + 1)..], pod.Netns,
            [.. (enrolled?.Sandbox?.Addresses ?? pod.DeclaredAddresses).Select(a => a.ToString())],
            pod.Enrolled, enrolled?.IsCaptured ?? false, enrolled?.Missing ?? [],
            counters.BypassAttempts, counters.Unmeshed, counters.UdpPackets);
    }
}
