using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Routes;

/// <summary>
/// The manifests of the Gateway API's conformance tests for meshes, applied as they are where they are found (a folder shared/gateway-api/mesh somewhere above),
/// on real pods; and stricter than those tests: path, host, headers and conditions count too. The Deployments' places are taken by pods of our own.
/// </summary>
public abstract partial class GatewayConformance(SharedMesh mesh) : IAsyncLifetime
{
    private const string Home = "gateway-conformance-mesh";

    private static readonly Dictionary<string, string> ClusterIps = new() { ["echo"] = "10.96.1.1", ["echo-v1"] = "10.96.1.2", ["echo-v2"] = "10.96.1.3" };

    private readonly Dictionary<string, TestPod> _pods = [];

    private static string? Manifests { get; } = Find();

    public async ValueTask InitializeAsync()
    {
        if (Manifests is null)
        {
            return;
        }
        foreach (var version in new[] { "v1", "v2" })
        {
            var pod = await (version == "v1" ? mesh.Near : mesh.Far).AddPodAsync($"echo-{version}");
            await pod.ServeAsync();
            _pods[pod.Name] = pod;
            mesh.Mesh.Resources.Write($"conformance-{pod.Name}", $$"""
                apiVersion: v1
                kind: Pod
                metadata: {name: {{pod.Name}}, namespace: {{Home}}, labels: {app: echo, version: {{version}}, nodemesh.io/mesh: enabled}, annotations: {nodemesh.io/netns: {{pod.Netns}} } }
                spec: {nodeName: {{pod.Node.Name}} }
                status: {podIPs: [{ip: {{pod.V4}} }], conditions: [{type: Ready, status: "True"}] }
                """);
        }
        // An API server gives each Service its address.
        mesh.Mesh.Resources.Write("conformance-base", ServiceHead().Replace(
            await File.ReadAllTextAsync($"{Manifests}/base.yaml"), head => $"{head.Value}  clusterIP: {ClusterIps[head.Groups[1].Value]}\n"));
        await Eventually.HoldsAsync("the Service answers", () => CallAsync("echo", "/"), result => result.Ok);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in new[] { "conformance-route", "conformance-base", "conformance-echo-v1", "conformance-echo-v2" })
        {
            mesh.Mesh.Resources.Delete(name);
        }
        foreach (var pod in _pods.Values)
        {
            await Eventually.EqualAsync($"{pod.Name} is let go", 0.0, async () =>
                (await pod.Node.Agent.ScrapeAsync()).Sum("nodemesh_pod_captured", ("namespace", Home), ("pod", pod.Name)));
            await pod.DisposeAsync();
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Requests_go_where_their_matches_say()
    {
        await ApplyAsync("httproute-matching");
        foreach (var (path, header, pod) in new[]
        {
            ("/", "", "echo-v1"), ("/example", "", "echo-v1"), ("/", "Version: one", "echo-v1"), ("/v2", "", "echo-v2"), ("/v2/", "", "echo-v2"), ("/v2/example", "", "echo-v2"),
            ("/", "Version: two", "echo-v2"), ("/v2example", "", "echo-v1"), ("/foo/v2/example", "", "echo-v1"), ("/v2?query=1", "", "echo-v2"),
        })
        {
            AssertReached(await CallAsync("echo", path, headers: header.Length == 0 ? [] : [header]), pod, path);
        }

        await ApplyAsync("mesh-split");
        AssertReached(await CallAsync("echo", "/v1"), "echo-v1", "/v1");
        AssertReached(await CallAsync("echo", "/v2"), "echo-v2", "/v2");
        Assert.Equal(404, (await CallAsync("echo", "/v3")).Status);

        await ApplyAsync("httproute-simple-same-namespace");
        AssertReached(await CallAsync("echo", "/"), "echo-v1", "/");
    }

    [Fact(Timeout = 120_000)]
    public async Task Ports_and_frontends_are_known_by_the_address_dialled()
    {
        await ApplyAsync("mesh-ports");
        Assert.Equal("v1", Set(await CallAsync("echo-v1", "/")));
        Assert.Null(Set(await CallAsync("echo-v1", "/", port: 8080)));
        Assert.Equal("v2", Set(await CallAsync("echo-v2", "/")));
        Assert.Equal("v2", Set(await CallAsync("echo-v2", "/", port: 8080)));

        await ApplyAsync("mesh-frontend");
        Assert.Equal("set", Set(await CallAsync("echo-v2", "/", host: "echo-v1")));
        Assert.Null(Set(await CallAsync("echo-v1", "/", host: "echo-v2")));
        var direct = await mesh.Client().CallAsync("http", $"{_pods["echo-v2"].V4}:8080");
        Assert.Equal(("echo-v2", null), (direct.Server!.Pod, Set(direct)));
    }

    [Fact(Timeout = 120_000)]
    public async Task Request_headers_arrive_as_modified()
    {
        await ApplyAsync("httproute-request-header-modifier");

        foreach (var (path, header, expected) in new[]
        {
            ("/set", "", "x-header-set=set-overwrites-values"),
            ("/set", "X-Header-Set: other", "x-header-set=set-overwrites-values"),
            ("/add", "", "x-header-add=add-appends-values"),
            ("/remove", "X-Header-Remove: gone", ""),
            ("/multiple", "X-Header-Remove-1: gone", "x-header-add-1=header-add-1,x-header-add-2=header-add-2,x-header-add-3=header-add-3,x-header-set-1=header-set-1,x-header-set-2=header-set-2"),
        })
        {
            var result = await CallAsync("echo", path, headers: header.Length == 0 ? [] : [header]);

            AssertReached(result, "echo-v1", path);
            Assert.Equal(expected, string.Join(',', result.Server!.Headers!.Where(field => field.Key.StartsWith("x-", StringComparison.Ordinal)).OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{field.Key}={field.Value}")));
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Weights_are_kept()
    {
        const int Requests = 1000;
        await ApplyAsync("httproute-weight");

        var pods = (await mesh.Client().ExecAsync("curl", "-sS", "-o", "/dev/null", "-w", "%header{x-pod}\\n", $"http://{ClusterIps["echo"]}/?n=[1-{Requests}]"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var first = pods.Count(pod => pod == "echo-v1");
        Assert.Equal(Requests, pods.Length);
        // Chi-square with one degree of freedom: a right implementation fails one time in a hundred thousand.
        var chiSquare = (Math.Pow(first - (Requests * 0.7), 2) / (Requests * 0.7)) + (Math.Pow(first - (Requests * 0.7), 2) / (Requests * 0.3));
        Assert.True(chiSquare < 19.5, $"{first} of {Requests}: chi-square {chiSquare}");
    }

    // In force for everything after it, on both nodes, with the conditions that the Gateway API prescribes.
    private async Task ApplyAsync(string manifest)
    {
        Assert.SkipUnless(Manifests is not null, "the manifests of the Gateway API's conformance tests are in no folder above");
        mesh.Mesh.Resources.Write("conformance-route", await File.ReadAllTextAsync($"{Manifests}/{manifest}.yaml"));
        var names = Names().Matches(await File.ReadAllTextAsync($"{Manifests}/{manifest}.yaml")).Select(name => name.Groups[1].Value).Order().ToList();
        await Eventually.TrueAsync($"{manifest} is compiled", async () =>
        {
            using var routes = JsonDocument.Parse(await mesh.Near.Agent.GetAsync("/routes"));
            var ours = routes.RootElement.EnumerateArray().Where(route => route.GetProperty("namespace").GetString() == Home).ToList();
            return ours.Select(route => route.GetProperty("name").GetString()!).Order().SequenceEqual(names)
                && ours.SelectMany(route => route.GetProperty("parents").EnumerateArray()).SelectMany(parent => parent.GetProperty("conditions").EnumerateArray())
                    .All(condition => condition.GetProperty("type").GetString() is "Accepted" or "ResolvedRefs" && condition.GetProperty("status").GetBoolean());
        });
        // A manifest may have the names of the one before: what the proxy has is then not yet what was written.
        await Task.Delay(500);
        await mesh.Near.Agent.ReadyAsync();
    }

    private Task<CallResult> CallAsync(string service, string path, int port = 80, string host = "shop.example", params string[] headers) => mesh.Client().CallAsync(
        new CallRequest { Kind = "http", Target = new IPEndPoint(IPAddress.Parse(ClusterIps[service]), port).ToString(), Path = path, Host = host, Headers = headers });

    private static void AssertReached(CallResult result, string pod, string path) =>
        Assert.Equal((200, pod, path, "shop.example"), (result.Status, result.Server?.Pod, result.Server?.RawTarget, result.Server?.Host));

    private static string? Set(CallResult result) => result.Headers!.GetValueOrDefault("x-header-set");

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "shared/gateway-api/mesh")))
            {
                return Path.Combine(folder.FullName, "shared/gateway-api/mesh");
            }
        }
        return null;
    }

    [GeneratedRegex(@"kind: Service\nmetadata:\n  name: (\S+)\n  namespace: \S+\nspec:\n")]
    private static partial Regex ServiceHead();

    [GeneratedRegex(@"^metadata:\n  name: (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Names();
}

[Collection("ebpf")]
public sealed class EbpfGatewayConformance(EbpfMesh mesh) : GatewayConformance(mesh);

[Collection("iptables")]
public sealed class IptablesGatewayConformance(IptablesMesh mesh) : GatewayConformance(mesh);
