using System.Collections.Immutable;
using System.Net;
using NodeMesh.Agent.Capture;

namespace NodeMesh.Agent.Compiler;

/// <summary>What the compiler must know beside the resources.</summary>
/// <param name="Name">This node's name.</param>
internal sealed record NodeContext(string Name)
{
    /// <summary>What happens to new connections of pods that don't say, while no proxy is alive.</summary>
    public FailurePolicy OnFailure { get; init; }

    /// <summary>The addresses found in the network namespaces of this node's pods, by pod id.</summary>
    public ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> ObservedAddresses { get; init; } =
        ImmutableSortedDictionary.Create<string, IReadOnlyList<IPAddress>>(StringComparer.Ordinal);
}
