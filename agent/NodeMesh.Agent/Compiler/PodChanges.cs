using System.Net;

namespace NodeMesh.Agent.Compiler;

/// <param name="Pods">Those compiled anew; some may have come out the same.</param>
/// <param name="Addresses">Those whose holder may be another now.</param>
internal sealed record PodChanges(IReadOnlyList<(CompiledPod? Before, CompiledPod? After)> Pods, IReadOnlySet<IPAddress> Addresses);
