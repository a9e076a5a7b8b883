using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NodeMesh.Agent.Capture.Ebpf;
using NodeMesh.Agent.Capture.Ebpf.Layout;
using Xunit;

namespace NodeMesh.UnitTests.Capture.Ebpf;

/// <summary>The structs shared with the BPF programs, compared with the BTF that clang wrote into the objects.</summary>
public sealed class LayoutTests
{
    [Fact]
    public void Pod() => AssertSame<PodEntry>("node.bpf.o", "nm_pod", new()
    {
        ["addresses"] = nameof(PodEntry.Addresses),
        ["excluded_outbound"] = nameof(PodEntry.ExcludedOutbound),
        ["excluded_inbound"] = nameof(PodEntry.ExcludedInbound),
        ["listener_ports"] = nameof(PodEntry.ListenerPorts),
        ["on_failure"] = nameof(PodEntry.OnFailure),
        ["has_excluded_cidrs"] = nameof(PodEntry.HasExcludedCidrs),
        ["reserved"] = nameof(PodEntry.Reserved),
    });

    [Fact]
    public void Cidr() => AssertSame<CidrKey>("node.bpf.o", "nm_cidr_key", new()
    {
        ["prefix_length"] = nameof(CidrKey.PrefixLength),
        ["netns"] = nameof(CidrKey.Netns),
        ["address"] = nameof(CidrKey.Address),
    });

    [Fact]
    public void Probe()
    {
        AssertSame<ProbeKey>("node.bpf.o", "nm_probe_key", new() { ["address"] = nameof(ProbeKey.Address), ["port"] = nameof(ProbeKey.Port) });
        AssertSame<ProbeEntry>("node.bpf.o", "nm_probe", new() { ["netns"] = nameof(ProbeEntry.Netns), ["how"] = nameof(ProbeEntry.How) });
    }

    [Fact]
    public void Counters()
    {
        AssertSame<CounterEntry>("node.bpf.o", "nm_counters", new()
        {
            ["bypass_attempts"] = nameof(CounterEntry.BypassAttempts),
            ["unmeshed"] = nameof(CounterEntry.Unmeshed),
            ["udp_packets"] = nameof(CounterEntry.UdpPackets),
        });
        Assert.Equal(CounterEntry.Count * sizeof(ulong), Unsafe.SizeOf<CounterEntry>());
    }

    [Theory]
    [InlineData("node.bpf.o")]
    [InlineData("pod.bpf.o")]
    public void Configuration(string resource) => AssertSame<Config>(resource, "nm_config", new()
    {
        ["beat_limit_ns"] = nameof(Config.BeatLimitNs),
        ["netns"] = nameof(Config.Netns),
        ["count_udp"] = nameof(Config.CountUdp),
        ["can_set_error"] = nameof(Config.CanSetError),
        ["reserved"] = nameof(Config.Reserved),
    });

    private static void AssertSame<T>(string resource, string name, Dictionary<string, string> twins)
        where T : unmanaged
    {
        var (size, members) = BtfStruct.Read(Object(resource), name);
        Assert.Equal(size, Unsafe.SizeOf<T>());
        Assert.Equal(members, twins.ToDictionary(twin => twin.Key, twin => (int)Marshal.OffsetOf<T>(twin.Value)));
    }

    private static byte[] Object(string resource)
    {
        using var stream = typeof(EbpfCapture).Assembly.GetManifestResourceStream(resource)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
