using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NodeMesh.Agent.Capture.Ebpf.Layout;

/// <summary>struct nm_pod: what the programs know of an enrolled pod. Lists end at their first zero.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PodEntry
{
    public AddressList Addresses;
    public ExcludedPortList ExcludedOutbound;
    public ExcludedPortList ExcludedInbound;
    public ListenerPortList ListenerPorts;
    public byte OnFailure;
    public byte HasExcludedCidrs;
    public ReservedBytes Reserved;

    /// <exception cref="CaptureException">A list is longer than the programs can search.</exception>
    public static PodEntry From(PodSandbox pod, IEnumerable<ushort> listenerPorts)
    {
        var entry = default(PodEntry);
        Fill(pod, "addresses", [.. pod.Addresses.Select(AddressEntry.From)], entry.Addresses);
        Fill(pod, "excluded outbound ports", [.. pod.Options.ExcludedOutboundPorts], entry.ExcludedOutbound);
        Fill(pod, "excluded inbound ports", [.. pod.Options.ExcludedInboundPorts], entry.ExcludedInbound);
        Fill(pod, "listener ports", [.. listenerPorts.Distinct().Take(ListenerPortList.Length)], entry.ListenerPorts);
        entry.OnFailure = pod.Options.OnFailure == FailurePolicy.Open ? (byte)1 : (byte)0;
        entry.HasExcludedCidrs = pod.Options.ExcludedOutboundNetworks.Count > 0 ? (byte)1 : (byte)0;
        return entry;
    }

    private static void Fill<T>(PodSandbox pod, string what, T[] from, Span<T> into)
    {
        if (from.Length > into.Length)
        {
            throw new CaptureException($"pod {pod.Id} has {from.Length} {what}, eBPF capture takes {into.Length}: have fewer, or exclude networks instead of ports");
        }
        from.CopyTo(into);
    }

    [InlineArray(Length)]
    internal struct AddressList
    {
        public const int Length = 8;
        private AddressEntry _first;
    }

    [InlineArray(Length)]
    internal struct ExcludedPortList
    {
        public const int Length = 16;
        private ushort _first;
    }

    [InlineArray(Length)]
    internal struct ListenerPortList
    {
        public const int Length = 4;
        private ushort _first;
    }

    [InlineArray(6)]
    internal struct ReservedBytes
    {
        private byte _first;
    }
}
