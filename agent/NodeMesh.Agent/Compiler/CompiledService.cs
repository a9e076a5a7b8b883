using System.Net;
using NodeMesh.Agent.Resources;

namespace NodeMesh.Agent.Compiler;

/// <summary>A Service with its endpoints, and what else it was made of.</summary>
/// <param name="Message">null: nothing the proxy needs to know of (ExternalName).</param>
/// <param name="Pods">Pods that an EndpointSlice of it names.</param>
/// <param name="Addresses">Addresses in its EndpointSlices that are not said to be a pod's: whose they are was looked up.</param>
internal sealed record CompiledService(
    Contract.Service? Message,
    IReadOnlyList<ResourceProblem> Problems,
    IReadOnlyCollection<string> Pods,
    IReadOnlyCollection<IPAddress> Addresses);
