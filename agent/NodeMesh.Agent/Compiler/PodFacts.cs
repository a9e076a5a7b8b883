using System.Net;
using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>What a pod says of itself, before it is known which of its claims others have too.</summary>
internal sealed record PodFacts(Pod Pod)
{
    public string Id => Pod.Metadata.Id;

    public Claimant Claimant { get; } = Claimant.Of(Pod.Metadata);

    /// <summary>Those of its status.</summary>
    public required IReadOnlyList<IPAddress> Declared { get; init; }

    /// <summary>
    /// What no other pod may have: its declared addresses, and those found in its namespace of a family it declares none of. A pod in the
    /// host's network claims none, since it shares its node's.
    /// </summary>
    public required IReadOnlyList<IPAddress> Claimed { get; init; }

    /// <summary>The path of its network namespace when the pod is this node's; else null.</summary>
    public string? Netns { get; init; }

    public bool Enrolled { get; init; }

    public PodCaptureOptions Options { get; init; } = PodCaptureOptions.Default;

    /// <summary>Of a pod of this node.</summary>
    public IReadOnlyList<PodProbe> Probes { get; init; } = [];

    public IReadOnlyList<ushort> OpaquePorts { get; init; } = [];

    public IReadOnlyList<ushort> OpaqueInNamespace { get; init; } = [];

    /// <summary>The node it runs on; empty where it does not say and is not known to be here.</summary>
    public string Node { get; init; } = "";

    /// <summary>What its label says, or else that of its Node.</summary>
    public string Zone { get; init; } = "";

    /// <summary>A pod that is going takes no new connections.</summary>
    public bool IsTerminating => Pod.Metadata.DeletionTimestamp is not null;

    public bool IsReady { get; init; }

    public required IReadOnlyList<ResourceProblem> Problems { get; init; }
}
