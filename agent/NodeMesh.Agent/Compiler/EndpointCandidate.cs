using System.Net;

namespace NodeMesh.Agent.Compiler;

/// <summary>An endpoint of one Service port before all of them are known.</summary>
/// <param name="Draining">Terminating, but still serving: used when nothing else is ready.</param>
internal readonly record struct EndpointCandidate(
    IPAddress Address, int Port, string Workload, bool Ready, bool Draining, string Node, string Zone)
{
    /// <summary>In order of address and port, each once. While a pod moves between EndpointSlices it stands in two: the better state counts.</summary>
    public static IEnumerable<Contract.Endpoint> Settle(List<EndpointCandidate> candidates)
    {
        candidates.Sort(static (a, b) =>
            Compare(a.Address, b.Address) is var order && order != 0 ? order
            : a.Port != b.Port ? a.Port.CompareTo(b.Port)
            : a.Ready != b.Ready ? b.Ready.CompareTo(a.Ready)
            : a.Draining != b.Draining ? b.Draining.CompareTo(a.Draining)
            : string.CompareOrdinal(a.Workload, b.Workload));
        var noneReady = !candidates.Exists(candidate => candidate.Ready);
        for (var i = 0; i < candidates.Count; i++)
        {
            var candidate = candidates[i];
            if (i > 0 && candidates[i - 1].Port == candidate.Port && candidates[i - 1].Address.Equals(candidate.Address))
            {
                continue;
            }
            yield return new Contract.Endpoint
            {
                Address = candidate.Address.ToString(),
                Port = (uint)candidate.Port,
                Workload = candidate.Workload,
                Ready = candidate.Ready || (noneReady && candidate.Draining),
                Node = candidate.Node,
                Zone = candidate.Zone,
            };
        }
    }

    private static int Compare(IPAddress a, IPAddress b)
    {
        Span<byte> left = stackalloc byte[16];
        Span<byte> right = stackalloc byte[16];
        a.TryWriteBytes(left, out var leftLength);
        b.TryWriteBytes(right, out var rightLength);
        return leftLength != rightLength ? leftLength.CompareTo(rightLength) : left[..leftLength].SequenceCompareTo(right[..rightLength]);
    }
}
