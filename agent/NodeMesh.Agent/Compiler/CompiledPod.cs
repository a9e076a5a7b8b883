using System.Net;
using System.Net.Sockets;
using NodeMesh.Agent.Resources.Model;

namespace NodeMesh.Agent.Compiler;

/// <summary>A pod with what it was left of its claims.</summary>
/// <param name="Addresses">Those it holds, and as a pod in the host's network, those it shares.</param>
/// <param name="Local">null: not a pod of this node.</param>
internal sealed record CompiledPod(PodFacts Facts, IReadOnlyList<IPAddress> Addresses, Contract.Workload Workload, LocalPod? Local)
{
    /// <summary>At most one address of each family, as Kubernetes has it.</summary>
    public IEnumerable<IPAddress> EndpointAddresses()
    {
        var seen = AddressFamily.Unspecified;
        foreach (var address in Addresses)
        {
            if (seen == AddressFamily.Unspecified)
            {
                seen = address.AddressFamily;
                yield return address;
            }
            else if (address.AddressFamily != seen)
            {
                yield return address;
                yield break;
            }
        }
    }

    public static CompiledPod Of(PodFacts facts, IReadOnlyList<IPAddress> held, bool holdsNetns, CompiledPod? before)
    {
        var addresses = facts.Pod.Spec.HostNetwork ? facts.Declared : held;
        var workload = Describe(facts, held);
        var local = facts.Netns is null || !holdsNetns ? null : new LocalPod(
            facts.Id, facts.Netns, [.. facts.Declared.Where(addresses.Contains)], facts.Enrolled, facts.Options);
        return new CompiledPod(
            facts,
            addresses,
            workload.Equals(before?.Workload) ? before.Workload : workload,
            local is not null && local.Equals(before?.Local) ? before.Local : local);
    }

    private static Contract.Workload Describe(PodFacts facts, IReadOnlyList<IPAddress> held)
    {
        var metadata = facts.Pod.Metadata;
        var (kind, owner) = WorkloadOwner.Of(metadata);
        var workload = new Contract.Workload
        {
            Id = metadata.Id,
            Namespace = metadata.Namespace,
            Name = metadata.Name,
            Owner = owner,
            OwnerKind = kind,
            ServiceAccount = facts.Pod.Spec.ServiceAccountName is { Length: > 0 } account ? account : "default",
            Node = facts.Node,
            Zone = facts.Zone,
            Version = Label(metadata, MeshLabels.AppVersion) ?? Label(metadata, MeshLabels.Version) ?? "",
        };
        foreach (var address in held)
        {
            workload.Addresses.Add(address.ToString());
        }
        foreach (var port in facts.OpaquePorts.Union(facts.OpaqueInNamespace))
        {
            workload.OpaquePorts.Add(port);
        }
        workload.Probes.AddRange(facts.Probes.Where(probe => probe.Path is not null).Select(probe => new Contract.Probe { Port = probe.Port, Path = probe.Path }));
        return workload;
    }

    private static string? Label(ObjectMeta metadata, string key) => metadata.Labels.GetValueOrDefault(key);
}
