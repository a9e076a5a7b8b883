using System.Net;
using Microsoft.Win32.SafeHandles;

namespace NodeMesh.Agent.Capture;

/// <summary>A pod's network namespace, opened and found to be the pod's own (never the host's).</summary>
/// <param name="Id">namespace/name</param>
/// <param name="Cookie">SO_NETNS_COOKIE: names the namespace for its whole life and is never used again, unlike its inode.</param>
/// <param name="Addresses">The pod's own addresses: declared ones and all global ones found in the namespace.</param>
internal sealed record PodSandbox(
    string Id,
    SafeFileHandle Netns,
    ulong Cookie,
    IReadOnlyList<IPAddress> Addresses,
    PodCaptureOptions Options);
