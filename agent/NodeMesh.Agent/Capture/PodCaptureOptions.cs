using System.Net;

namespace NodeMesh.Agent.Capture;

/// <summary>What a pod's annotations and its probes say about its capture.</summary>
/// <param name="ExcludedOutboundPorts">Destination ports whose connections leave unmeshed.</param>
/// <param name="ExcludedOutboundNetworks">Destinations whose connections leave unmeshed.</param>
/// <param name="ExcludedInboundPorts">Ports of the pod that are reached unmeshed.</param>
/// <param name="OnFailure">What happens to new connections while no proxy is alive.</param>
internal sealed record PodCaptureOptions(
    IReadOnlyList<ushort> ExcludedOutboundPorts,
    IReadOnlyList<IPNetwork> ExcludedOutboundNetworks,
    IReadOnlyList<ushort> ExcludedInboundPorts,
    FailurePolicy OnFailure)
{
    public static PodCaptureOptions Default { get; } = new([], [], [], FailurePolicy.Closed);

    /// <summary>Its ports with probes, each once.</summary>
    public IReadOnlyList<ProbePort> Probes { get; init; } = [];

    public bool Equals(PodCaptureOptions? other) =>
        other is not null && OnFailure == other.OnFailure
        && ExcludedOutboundPorts.SequenceEqual(other.ExcludedOutboundPorts)
        && ExcludedOutboundNetworks.SequenceEqual(other.ExcludedOutboundNetworks)
        && ExcludedInboundPorts.SequenceEqual(other.ExcludedInboundPorts)
        && Probes.SequenceEqual(other.Probes);

    public override int GetHashCode() => HashCode.Combine(OnFailure, ExcludedOutboundPorts.Count, ExcludedOutboundNetworks.Count, ExcludedInboundPorts.Count);
}

/// <summary>New connections of a captured pod while the proxy is dead.</summary>
internal enum FailurePolicy
{
    /// <summary>Refused at once.</summary>
    Closed,

    /// <summary>Let through unmeshed, and counted.</summary>
    Open,
}
