using System.Net.Sockets;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Connections;

/// <summary>What a pod's annotations exclude goes past the mesh; whatever else the pod does is meshed.</summary>
public abstract class Exclusions(SharedMesh mesh)
{
    [Fact(Timeout = 60_000)]
    public async Task Excluded_outbound_ports_and_networks_are_dialled_directly()
    {
        var server = mesh.Server(meshed: false, isNear: false);
        var byPort = await mesh.AddPodAsync("by-port", annotations: "nodemesh.io/exclude-outbound-ports: \"9000\"");
        var byNetwork = await mesh.AddPodAsync("by-network", annotations: $"nodemesh.io/exclude-outbound-cidrs: \"{server.V4}/32\"");

        await AssertAsync(byPort, server, AddressFamily.InterNetwork, "opaque", meshed: false);
        await AssertAsync(byPort, server, AddressFamily.InterNetworkV6, "opaque", meshed: false);
        await AssertAsync(byPort, server, AddressFamily.InterNetwork, "server-first", meshed: true);
        await AssertAsync(byNetwork, server, AddressFamily.InterNetwork, "opaque", meshed: false);
        await AssertAsync(byNetwork, server, AddressFamily.InterNetworkV6, "opaque", meshed: true);

        await mesh.RemovePodAsync(byPort);
        await mesh.RemovePodAsync(byNetwork);
    }

    [Fact(Timeout = 60_000)]
    public async Task Excluded_inbound_ports_are_reached_directly_by_plain_and_meshed_clients()
    {
        var pod = await mesh.AddPodAsync("by-inbound", annotations: "nodemesh.io/exclude-inbound-ports: \"9000\"");
        await pod.ServeAsync();

        await AssertAsync(mesh.Client(meshed: false), pod, AddressFamily.InterNetwork, "opaque", meshed: false);
        await AssertAsync(mesh.Client(meshed: false), pod, AddressFamily.InterNetwork, "server-first", meshed: true);
        // The client is in the mesh all the same; the pod's own side is not.
        await AssertAsync(mesh.Client(), pod, AddressFamily.InterNetwork, "opaque", meshed: true);

        await mesh.RemovePodAsync(pod);
    }

    private async Task AssertAsync(TestPod client, TestPod server, AddressFamily family, string protocol, bool meshed)
    {
        var before = await CountAsync();
        var result = await Traffic.CallAsync(client, server, family, protocol);
        if (meshed)
        {
            await Eventually.EqualAsync($"{client.Name} to {server.Name}, {protocol}: counted", before + 1, CountAsync);
        }
        else
        {
            Assert.Equal(result.Local, result.Server!.Peer);
            await Task.Delay(50);
            Assert.Equal(before, await CountAsync());
        }

        async Task<double> CountAsync() => (await mesh.Near.Agent.ScrapeAsync())
            .Sum("nodemesh_tcp_connections_opened_total", ("source_workload", client.Name), ("destination_workload", server.Name));
    }
}

[Collection("ebpf")]
public sealed class EbpfExclusions(EbpfMesh mesh) : Exclusions(mesh);

[Collection("iptables")]
public sealed class IptablesExclusions(IptablesMesh mesh) : Exclusions(mesh);
