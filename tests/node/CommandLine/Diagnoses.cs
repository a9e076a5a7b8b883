using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.CommandLine;

/// <summary>Each known fault, made for real, and the sentence in which `nodemesh diagnose` tells of it.</summary>
public sealed class Diagnoses(DiagnosedShop broken) : IClassFixture<DiagnosedShop>, IAsyncLifetime
{
    private const string Policy = """
        apiVersion: nodemesh.io/v1alpha1
        kind: KIND
        metadata: {name: culprit, namespace: default}
        spec:
          targetRefs: [{kind: Service, name: web}]
          SPEC
        """;

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync() => await broken.MendAsync();

    [Fact(Timeout = 60_000)]
    public async Task Nothing()
    {
        var (exitCode, text) = await broken.DiagnoseAsync("web");

        Assert.Matches(@"^✓ default/web: \d+ requests went well in 1 s\s*$", text);
        Assert.Equal(0, exitCode);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("/?status=500", @"✗ default/web: 100 % of the requests from default/client to default/web-\d fail \(\d+ of \d+ in 3 s\): the server itself answers 5xx → its own log says why")]
    [InlineData("/?delay=1500", @"! default/web: requests from default/client to default/web-\d are slow: one in a hundred takes longer than [12]")]
    public async Task A_server_that_does_badly(string path, string sentence) => await FindsAsync([sentence], path, seconds: 3);

    [Theory(Timeout = 60_000)]
    [InlineData("AuthorizationPolicy", "action: Deny\n  rules: [{from: [{workloads: [client]}]}]", "policy forbids them: default/culprit")]
    [InlineData("RateLimitPolicy", "limits: [{name: few, requests: 1, per: 1h}]", "there are more than a RateLimitPolicy allows: default/culprit few")]
    [InlineData("FaultPolicy", "faults: [{abort: {httpStatus: 503}}]", "a FaultPolicy makes them fail: default/culprit abort")]
    public async Task A_policy(string kind, string spec, string cause)
    {
        await broken.ApplyAsync(Policy.Replace("KIND", kind).Replace("SPEC", spec), "default/culprit");

        await FindsAsync($"✗ default/web: .* of the requests from default/client to .* fail .*: {cause} → ");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_circuit_that_is_open()
    {
        await broken.ApplyAsync(Policy.Replace("KIND", "TrafficPolicy").Replace("SPEC", "circuitBreaker: {maxRequests: 1}"), "maxRequests");
        // One that stays for as long as this takes.
        var held = broken.Shop.Client.ExecAsync("curl", "-sf", "-o", "/dev/null", "-m", "20", "--retry", "5", "http://10.96.0.80/?delay=6000");
        await Eventually.TrueAsync("the circuit is open", async () => (await broken.Shop.Client.CallAsync("http", SmallShop.Web)).Status == 503);

        await FindsAsync("fail .*: as many are under way as the TrafficPolicy's circuit breaker lets → see whether the server has become slow");
        await held;
    }

    [Fact(Timeout = 60_000)]
    public async Task A_route_to_a_backend_that_is_not_there()
    {
        await broken.ApplyAsync(Route("backendRefs: [{name: missing, port: 80}]"), "default/culprit");

        await FindsAsync("fail .*: the route's rule names a backend that is not there", "✗ HTTPRoute default/culprit: it is not wholly in force: BackendNotFound: ");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_route_that_is_for_other_requests()
    {
        await broken.ApplyAsync(Route("matches: [{path: {value: /elsewhere}}]"), "/elsewhere");

        await FindsAsync("fail .*: Service default/web has routes, and none is for these requests");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_route_with_too_little_time()
    {
        await broken.ApplyAsync(Route("timeouts: {request: 100ms}\n    backendRefs: [{name: web, port: 80}]"), "default/culprit");

        await FindsAsync(["fail .*: the route's time for a request with all its attempts was over"], "/?delay=500");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_Service_whose_pods_are_not_ready()
    {
        foreach (var web in broken.Shop.Webs)
        {
            broken.Resources.Pod(web, app: "web", ready: false);
        }
        await Eventually.TrueAsync("nothing is ready", async () => (await broken.Shop.Client.CallAsync("http", SmallShop.Web)).Status == 503);

        await FindsAsync("✗ Service default/web: port 80 has 2 endpoints, and none is ready", "fail .*: Service default/web has no ready endpoint");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_Service_that_selects_nothing()
    {
        broken.Resources.Service("web", "nobody", [System.Net.IPAddress.Parse("10.96.0.80")], "name: http, port: 80, targetPort: 8080");
        await Eventually.TrueAsync("nothing is behind it", async () => (await broken.Shop.Client.CallAsync("http", SmallShop.Web)).Status == 503);

        await FindsAsync("✗ Service default/web: port 80 has no endpoints: no pod matches its selector", "✗ default/web: it has no pods");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_port_on_which_nobody_listens()
    {
        broken.Resources.Service("web", "web", [System.Net.IPAddress.Parse("10.96.0.80")], "name: http, port: 80, targetPort: 8099");
        await Eventually.TrueAsync("nobody answers", async () => (await broken.Shop.Client.CallAsync("http", SmallShop.Web)).Status == 503);

        await FindsAsync("fail .*: nothing accepts connections where they go → compare the Service's targetPort with the port the app listens on");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_that_is_not_in_the_mesh()
    {
        broken.Resources.Pod(broken.Shop.Webs[0], enrolled: false, app: "web");
        await broken.Shop.Agent.CapturedAsync(broken.Shop.Webs[0], captured: false);

        await FindsAsync("! pod default/web-1: it is not in the mesh: .* → label nodemesh.io/mesh=enabled");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_that_cannot_be_captured()
    {
        broken.Resources.Write("broken", """
            apiVersion: v1
            kind: Pod
            metadata:
              name: lost
              namespace: default
              labels: {nodemesh.io/mesh: enabled}
              annotations: {nodemesh.io/netns: nm-nowhere}
            spec: {nodeName: n1}
            status: {podIPs: [{ip: 10.77.9.9}]}
            """.Replace("n1", broken.Shop.Node.Name));
        await Eventually.TrueAsync("the agent has read it", async () => (await broken.Shop.Agent.GetAsync("/pods")).Contains("lost", StringComparison.Ordinal));

        var (exitCode, text) = await broken.RunAsync("diagnose", "lost", "--seconds", "1");
        Assert.Matches("✗ pod default/lost: it is in the mesh, but its connections are not captured: .*nm-nowhere", text);
        Assert.Equal(1, exitCode);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_resource_with_a_mistake()
    {
        broken.Resources.Write("broken", Policy.Replace("KIND", "TrafficPolicy").Replace("SPEC", "circuitBreaker: {maxRequests: many}"));
        await Eventually.TrueAsync("the agent has read it", async () => (await broken.Shop.Agent.GetAsync("/problems")).Contains("culprit", StringComparison.Ordinal));

        await FindsAsync("! TrafficPolicy default/culprit: it is not in force as written: .*maxRequests");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_proxy_that_hangs()
    {
        // One that its agent can't end.
        await using var mesh = await TestMesh.CreateAsync("ebpf");
        var web = await mesh.Nodes[0].AddPodAsync("web");
        mesh.Resources.Pod(web);
        await using var pair = ExternalPair.Start(mesh.Nodes[0], "one");
        await pair.ReadyAsync();
        pair.Proxy.Signal(Libc.SIGSTOP);

        var result = await Commands.TryAsync(mesh.Nodes[0].Inside(Products.Cli, "diagnose", "web", "--admin", "127.0.0.1:15020", "--seconds", "1"));

        Assert.Matches("✗ node .*: the proxy does not answer the agent: it hangs, or is starved of CPU", result.StandardOutput);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_name_that_nothing_has()
    {
        var (exitCode, text) = await broken.RunAsync("diagnose", "nobody");

        Assert.StartsWith("nodemesh diagnose: no namespace has a workload, a pod or a Service nobody that the mesh knows", text, StringComparison.Ordinal);
        Assert.Equal(1, exitCode);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_agent_that_is_not_there()
    {
        var result = await Commands.TryAsync(broken.Shop.Node.Inside(Products.Cli, "diagnose", "web", "--admin", "127.0.0.1:15021"));

        Assert.StartsWith("nodemesh diagnose: no agent answers at 127.0.0.1:15021: Connection refused", result.StandardError, StringComparison.Ordinal);
        Assert.Equal(1, result.ExitCode);
    }

    private static string Route(string rule) => $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: culprit, namespace: default}
        spec:
          parentRefs: [{group: "", kind: Service, name: web, port: 80}]
          rules:
          - {{rule}}
        """;

    private Task FindsAsync(params string[] sentences) => FindsAsync(sentences, "/");

    private async Task FindsAsync(string[] sentences, string path, int seconds = 1)
    {
        var (exitCode, text) = await broken.DiagnoseAsync("web", path, seconds);

        Assert.All(sentences, sentence => Assert.True(System.Text.RegularExpressions.Regex.IsMatch(text, sentence), $"{sentence}\nis not in\n{text}"));
        Assert.Equal(sentences.Any(sentence => sentence.StartsWith('!')) ? 0 : 1, exitCode);
    }
}
