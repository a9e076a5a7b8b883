namespace NodeMesh.Cni.Protocol;

/// <summary>What the plugin asks the agent over cni.sock: one JSON document a line, one answer, and the connection ends.</summary>
internal sealed record CniQuestion
{
    /// <summary>ADD, DEL, CHECK, STATUS or GC, as in the CNI specification.</summary>
    public required string Command { get; init; }

    public string ContainerId { get; init; } = "";

    /// <summary>The path of the network namespace, as the machine has it.</summary>
    public string Netns { get; init; } = "";

    public string PodNamespace { get; init; } = "";

    public string PodName { get; init; } = "";

    /// <summary>Empty where the runtime does not tell.</summary>
    public string PodUid { get; init; } = "";

    /// <summary>What the plugins before gave the pod; the namespace must hold them.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>ADD: how long the agent may take; after that nobody listens to its answer.</summary>
    public int LimitMilliseconds { get; init; }

    /// <summary>GC: the containers that still exist.</summary>
    public IReadOnlyList<string> Containers { get; init; } = [];
}
