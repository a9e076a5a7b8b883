using System.Globalization;
using System.Net;
using System.Net.Sockets;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Bypass;

/// <summary>What a process in a captured pod may try to get past the mesh, with what a container may hold: no privilege, or CAP_NET_RAW. eBPF.</summary>
[Collection("ebpf")]
public sealed class NoWayAround(EbpfMesh mesh)
{
    /// <summary>The mesh's own marks, neighbours, and one of nobody.</summary>
    public static TheoryData<uint> Marks => [0x53a, 0x53b, 1, 0xffffffff];

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Marks))]
    public Task A_mark_set_before_connect(uint mark) => AssertMeshedAsync(new CallRequest { Mark = mark }, "net_raw");

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Marks))]
    public Task A_mark_set_after_connect(uint mark) => AssertMeshedAsync(new CallRequest { MarkAfter = mark }, "net_raw");

    [Fact(Timeout = 30_000)]
    public Task A_socket_bound_to_a_device_without_any_privilege() => AssertMeshedAsync(new CallRequest { Device = "eth0" });

    [Fact(Timeout = 30_000)]
    public Task A_device_and_a_mark_together() => AssertMeshedAsync(new CallRequest { Device = "eth0", Mark = 0x53b }, "net_raw");

    [Fact(Timeout = 30_000)]
    public Task A_v4_mapped_address() => AssertMeshedAsync(new CallRequest { Mapped = true });

    [Fact(Timeout = 30_000)]
    public async Task Fast_open()
    {
        await mesh.Client().ExecAsync("sysctl", "-qw", "net.ipv4.tcp_fastopen=3");
        await mesh.Server(meshed: false, isNear: false).ExecAsync("sysctl", "-qw", "net.ipv4.tcp_fastopen=3");
        // The first gets a cookie where there is one to get, the second sends data in its SYN.
        await AssertMeshedAsync(new CallRequest { FastOpen = true });
        await AssertMeshedAsync(new CallRequest { FastOpen = true, Device = "eth0" });
    }

    [Fact(Timeout = 60_000)]
    public async Task The_meshs_listeners_cannot_be_dialled_by_their_ports()
    {
        var pod = mesh.Server();
        int[] own = [8080, 8081, 8082, 9000, 2525, 8443];
        var listening = (await pod.ExecAsync("ss", "-Hltn")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3])
            .Select(address => int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture))
            .Except(own)
            .Distinct()
            .ToList();
        Assert.NotEmpty(listening);

        foreach (var port in listening)
        {
            foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
            {
                var target = new IPEndPoint(pod.Address(family), port).ToString();
                var loopback = new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback, port).ToString();
                foreach (var (client, address) in new[] { (mesh.Client(), target), (mesh.Client(meshed: false), target), (pod, target), (pod, loopback) })
                {
                    var result = await client.CallAsync(new CallRequest { Kind = "opaque", Target = address, TimeoutMilliseconds = 3000 });
                    Assert.True(result.Error is "ConnectionRefused" or "ConnectionReset", $"{client.Name} to {address}: {result.Error ?? "answered"}");
                }
            }
        }
        await Traffic.CallAsync(mesh.Client(), pod, AddressFamily.InterNetwork, "opaque");
    }

    /// <summary>
    /// To a plain pod of the other machine, so that only the mesh stands between. It dials anew, from a port that the app's own connection
    /// does not have: the server sees the app's port exactly when the connection went past the mesh.
    /// </summary>
    private async Task AssertMeshedAsync(CallRequest trick, params string[] capabilities)
    {
        var client = mesh.Client();
        var server = mesh.Server(meshed: false, isNear: false);
        var target = Traffic.Target(server, AddressFamily.InterNetwork, "opaque");
        await using var attacker = client.UnprivilegedClient(capabilities);
        var before = await CountAsync();

        var result = await attacker.CallAsync(trick with { Kind = "opaque", Target = target });

        // Refusing is as good as meshing. Getting through uncounted is not.
        if (result.Ok)
        {
            Traffic.AssertAddresses(result, client.V4, trick.Mapped ? result.Peer : target);
            Assert.NotEqual(IPEndPoint.Parse(result.Local).Port, IPEndPoint.Parse(result.Server!.Peer).Port);
            // More than one when an attempt before this one, which came to nothing, is counted late.
            await Eventually.TrueAsync("the connection is counted", async () => await CountAsync() > before);
        }
        else
        {
            Assert.Contains(result.Error, new[] { "ConnectionRefused", "ConnectionReset", "TimedOut" });
            Assert.Null(result.Server);
        }

        async Task<double> CountAsync() => (await mesh.Near.Agent.ScrapeAsync()).Sum(
            "nodemesh_tcp_connections_opened_total", ("direction", "outbound"), ("source_workload", client.Name), ("destination_workload", server.Name));
    }
}
