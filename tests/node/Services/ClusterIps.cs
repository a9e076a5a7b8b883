using System.Net;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Services;

/// <summary>Services by their cluster IPs. Nothing else on these machines knows the addresses: whoever answers, the mesh has chosen.</summary>
public abstract class ClusterIps(SharedMesh mesh) : IAsyncLifetime
{
    private static readonly IPAddress[] Shop = [IPAddress.Parse("10.96.0.10"), IPAddress.Parse("fd96::10")];
    private static readonly IPAddress[] Empty = [IPAddress.Parse("10.96.0.20"), IPAddress.Parse("fd96::20")];

    public async ValueTask InitializeAsync()
    {
        foreach (var isNear in new[] { true, false })
        {
            mesh.Mesh.Resources.Pod(mesh.Server(isNear: isNear), app: "shop");
        }
        mesh.Mesh.Resources.Service(
            "shop", "shop", Shop,
            "name: http, port: 80, targetPort: 8080",
            "name: web, port: 81, targetPort: 8081, appProtocol: kubernetes.io/h2c",
            "name: grpc, port: 82, targetPort: 8082",
            "name: raw, port: 90, targetPort: 9000",
            "name: smtp, port: 25, targetPort: 2525",
            "name: https, port: 443, targetPort: 8443",
            "name: bytes, port: 8000, targetPort: 8080, appProtocol: tcp");
        mesh.Mesh.Resources.Service("empty", "nobody", Empty, "name: http, port: 80", "name: grpc, port: 82", "name: tcp, port: 90");
        await AnswersAsync("http", $"{Shop[0]}:80");
    }

    public async ValueTask DisposeAsync()
    {
        mesh.Mesh.Resources.Delete("service-shop");
        mesh.Mesh.Resources.Delete("service-empty");
        foreach (var isNear in new[] { true, false })
        {
            mesh.Mesh.Resources.Pod(mesh.Server(isNear: isNear));
        }
        await Task.CompletedTask;
    }

    [Theory(Timeout = 60_000)]
    [InlineData("http", 80)]
    [InlineData("h2c", 81)]
    [InlineData("grpc", 82)]
    [InlineData("opaque", 90)]
    [InlineData("server-first", 25)]
    [InlineData("tls", 443)]
    public async Task Every_protocol_reaches_every_ready_endpoint_over_both_families(string protocol, int port)
    {
        foreach (var address in Shop)
        {
            var target = new IPEndPoint(address, port).ToString();
            var pods = new HashSet<string>();
            // One of them may be passed over for a moment, since its first answer was a slow one.
            await Eventually.TrueAsync($"both answer {protocol}", async () =>
            {
                var result = await mesh.Client().CallAsync(protocol, target);
                Assert.True(result.Ok, $"{protocol} to {target}: {result.Error}");
                Assert.Equal(target, result.Peer);
                Assert.Equal(mesh.Client().Address(address.AddressFamily), IPEndPoint.Parse(result.Server!.Peer).Address);
                pods.Add(result.Server.Pod);
                return pods.Count == 2;
            });
            Assert.Equal(["far-meshed", "near-meshed"], pods.Order());
        }
    }

    [Theory(Timeout = 60_000)]
    [InlineData("http", 80)]
    [InlineData("h2c", 81)]
    public async Task Requests_of_one_connection_are_balanced_one_by_one(string protocol, int port)
    {
        await Eventually.HoldsAsync("both get their share of the requests of one connection", ShareAsync, share => share > 0.05, TimeSpan.FromSeconds(20));

        async Task<double> ShareAsync()
        {
            var result = await mesh.Client().CallAsync(new CallRequest
            {
                Kind = "load",
                Of = protocol,
                Target = $"{Shop[0]}:{port}",
                Count = 1,
                DurationMilliseconds = 1500,
            });
            Assert.True(result.Ok, $"{result.Bad} failed: {result.Error}");
            return result.Pods!.Count < 2 ? 0 : result.Pods.Values.Min() / (double)result.Good;
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_that_is_not_ready_gets_nothing_and_one_that_becomes_ready_does()
    {
        var near = mesh.Server();
        mesh.Mesh.Resources.Pod(near, app: "shop", ready: false);
        await Eventually.TrueAsync("the far one alone answers", async () => (await PodsAsync()).SetEquals(["far-meshed"]));
        Assert.Equal(["far-meshed"], await PodsAsync());

        mesh.Mesh.Resources.Pod(near, app: "shop");
        await Eventually.TrueAsync("both answer again", async () => (await PodsAsync()).Count == 2);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_service_without_endpoints_fails_at_once_and_says_why()
    {
        foreach (var address in Empty)
        {
            var http = await mesh.Client().CallAsync("http", new IPEndPoint(address, 80).ToString());
            Assert.Equal(503, http.Status);
            Assert.Equal("no_endpoints", http.Headers!["nodemesh-error"]);

            var grpc = await mesh.Client().CallAsync("grpc", new IPEndPoint(address, 82).ToString());
            Assert.Equal((int)Grpc.Core.StatusCode.Unavailable, grpc.Status);

            var opaque = await mesh.Client().CallAsync("opaque", new IPEndPoint(address, 90).ToString());
            Assert.Contains(opaque.Error, new[] { "ConnectionReset", "ConnectionRefused" });

            Assert.All([http, grpc, opaque], result => Assert.True(result.Milliseconds < 5000, $"{result.Status} {result.Error} took {result.Milliseconds} ms"));
        }
        await Eventually.TrueAsync("it is counted", async () => (await mesh.Near.Agent.ScrapeAsync())
            .Find("nodemesh_http_requests_total", ("destination_service", "default/empty"), ("reason", "no_endpoints"), ("source_workload", mesh.Client().Name)).Any());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_port_declared_tcp_is_not_parsed_as_http()
    {
        var before = await RequestsAsync();
        await AnswersAsync("http", $"{Shop[0]}:8000");
        await Task.Delay(100);

        Assert.Equal(before, await RequestsAsync());
        await Eventually.TrueAsync("the connection is counted as opaque", async () => (await mesh.Near.Agent.ScrapeAsync()).Sum(
            "nodemesh_tcp_connections_opened_total", ("protocol", "opaque"), ("source_workload", mesh.Client().Name), ("destination_service", "default/shop")) > 0);
    }

    private async Task<double> RequestsAsync() =>
        (await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_http_requests_total", ("source_workload", mesh.Client().Name));

    private Task<CallResult> AnswersAsync(string protocol, string target) =>
        Eventually.HoldsAsync($"{target} answers", () => mesh.Client().CallAsync(protocol, target), result => result.Ok);

    private async Task<HashSet<string>> PodsAsync()
    {
        var pods = new HashSet<string>();
        for (var i = 0; i < 25; i++)
        {
            pods.Add((await mesh.Client().CallAsync("http", $"{Shop[0]}:80")).Server?.Pod ?? "none");
        }
        return pods;
    }
}

[Collection("ebpf")]
public sealed class EbpfClusterIps(EbpfMesh mesh) : ClusterIps(mesh);

[Collection("iptables")]
public sealed class IptablesClusterIps(IptablesMesh mesh) : ClusterIps(mesh);
