using NodeMesh.Contract;

namespace NodeMesh.Proxy.Discovery;

/// <summary>A pod anywhere in the mesh, as the snapshot has it. Immutable.</summary>
internal sealed record WorkloadEntry(string Id, string Namespace, string Owner, string ServiceAccount, string Version, string Node, string Zone)
{
    /// <summary>The pod's.</summary>
    public string Name => Id[(Id.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>Its own ports that are declared to be no HTTP.</summary>
    public ushort[] OpaquePorts { get; init; } = [];

    /// <summary>What the kubelet of its node asks it; of pods of this node alone.</summary>
    public WorkloadProbe[] Probes { get; init; } = [];

    /// <param name="before">The pod as it was: what has not changed is taken from there, so that the two are equal.</param>
    public static WorkloadEntry From(Workload workload, WorkloadEntry? before)
    {
        WorkloadProbe[] probes = [.. workload.Probes.Select(probe => new WorkloadProbe((ushort)probe.Port, probe.Path))];
        ushort[] opaquePorts = [.. workload.OpaquePorts.Select(port => (ushort)port)];
        return new(workload.Id, workload.Namespace, workload.Owner, workload.ServiceAccount, workload.Version, workload.Node, workload.Zone)
        {
            OpaquePorts = before is not null && before.OpaquePorts.AsSpan().SequenceEqual(opaquePorts) ? before.OpaquePorts : opaquePorts,
            Probes = before is not null && before.Probes.AsSpan().SequenceEqual(probes) ? before.Probes : probes,
        };
    }
}

/// <param name="Path">Of the request, without a query.</param>
internal readonly record struct WorkloadProbe(ushort Port, string Path);
