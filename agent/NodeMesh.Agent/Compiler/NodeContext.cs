using System.Collections.Immutable;
using System.Net;

namespace NodeMesh.Agent.Compiler;

/// <summary>What the compiler must know beside the resources.</summary>
/// <param name="Name">This node's name.</param>
internal sealed record NodeContext(string Name)
{
    /// <summary>The addresses found in the network namespaces of this node's pods, by pod id.</summary>
    public ImmutableSortedDictionary<string, IReadOnlyList<IPAddress>> ObservedAddresses { get; init; } =
        ImmutableSortedDictionary.Create<string, IReadOnlyList<IPAddress>>(StringComparer.Ordinal);
}
