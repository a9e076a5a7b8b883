using System.Net.Sockets;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Matrix;

/// <summary>{meshed, plain} client x {meshed, plain} server x {same, other} node x {IPv4, IPv6} x every protocol, for one capture mode.</summary>
public abstract class TrafficMatrix(SharedMesh mesh)
{
    public static TheoryData<bool, bool, bool, AddressFamily, string> Cells
    {
        get
        {
            var cells = new TheoryData<bool, bool, bool, AddressFamily, string>();
            bool[] both = [true, false];
            foreach (var client in both)
            {
                foreach (var server in both)
                {
                    foreach (var isNear in both)
                    {
                        foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
                        {
                            foreach (var protocol in Traffic.Protocols)
                            {
                                cells.Add(client, server, isNear, family, protocol);
                            }
                        }
                    }
                }
            }
            return cells;
        }
    }

    [Theory(Timeout = 30_000)]
    [MemberData(nameof(Cells))]
    public async Task Payload_and_addresses_are_true_and_each_crossing_is_counted_once(
        bool clientMeshed, bool serverMeshed, bool sameNode, AddressFamily family, string protocol)
    {
        var client = mesh.Client(clientMeshed);
        var server = mesh.Server(serverMeshed, sameNode);
        var before = await CountAsync(client, server, protocol);

        await Traffic.CallAsync(client, server, family, protocol);

        var expected = Crossings(clientMeshed, serverMeshed, sameNode);
        if (expected.Length == 0)
        {
            // What must not be counted gets the time to be counted.
            await Task.Delay(50);
        }
        await Eventually.EqualAsync("the crossings counted", expected, async () => Delta(before, await CountAsync(client, server, protocol)));
    }

    /// <summary>Where the connection meets the mesh. Two meshed pods of one node are one crossing, not two.</summary>
    private static string Crossings(bool clientMeshed, bool serverMeshed, bool sameNode) => (clientMeshed, serverMeshed, sameNode) switch
    {
        (true, true, true) => "near local 1",
        (true, true, false) => "near outbound 1, far inbound 1",
        (true, false, _) => "near outbound 1",
        (false, true, true) => "near inbound 1",
        (false, true, false) => "far inbound 1",
        _ => "",
    };

    private async Task<Dictionary<string, double>> CountAsync(TestPod client, TestPod server, string protocol)
    {
        var (metric, label) = protocol switch
        {
            "http" => ("nodemesh_http_requests_total", "http1"),
            "h2c" => ("nodemesh_http_requests_total", "http2"),
            "grpc" => ("nodemesh_http_requests_total", "grpc"),
            "tls" => ("nodemesh_tcp_connections_opened_total", "tls"),
            _ => ("nodemesh_tcp_connections_opened_total", "opaque"),
        };
        var counts = new Dictionary<string, double>();
        foreach (var (place, node) in new[] { ("near", mesh.Near), ("far", mesh.Far) })
        {
            var scrape = await node.Agent.ScrapeAsync();
            foreach (var direction in new[] { "local", "outbound", "inbound" })
            {
                counts[$"{place} {direction}"] = scrape.Sum(
                    metric,
                    ("direction", direction),
                    ("protocol", label),
                    ("source_namespace", "default"),
                    ("source_workload", client.Name),
                    ("destination_namespace", "default"),
                    ("destination_workload", server.Name));
            }
        }
        return counts;
    }

    private static string Delta(Dictionary<string, double> before, Dictionary<string, double> after) =>
        string.Join(", ", after.Where(count => count.Value != before[count.Key]).Select(count => $"{count.Key} {count.Value - before[count.Key]}"));
}

[Collection("ebpf")]
public sealed class EbpfMatrix(EbpfMesh mesh) : TrafficMatrix(mesh);

[Collection("iptables")]
public sealed class IptablesMatrix(IptablesMesh mesh) : TrafficMatrix(mesh);
