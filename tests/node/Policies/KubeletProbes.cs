using CliWrap.Buffered;
using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Policies;

/// <summary>A kubelet asks pods of its node whether they are well: from the machine's own network, whatever the mesh is told about traffic.</summary>
public sealed class KubeletProbes
{
    private const int NoServer = 7999;

    private const string Probes = """
          containers:
          - name: app
            ports:
            - {name: raw, containerPort: 9000}
            - {name: web, containerPort: 8080}
            readinessProbe: {httpGet: {path: /healthz?full=1, port: web}}
            livenessProbe: {tcpSocket: {port: raw}}
          - name: broken
            livenessProbe: {tcpSocket: {port: 7999}}
        """;

    private const string DenyAll = """
        apiVersion: nodemesh.io/v1alpha1
        kind: AuthorizationPolicy
        metadata: {name: none, namespace: default}
        spec: {targetRefs: [{kind: Namespace, name: default}], action: Deny, rules: [{}]}
        """;

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task Requests_that_a_pod_declares_as_probes_are_answered_although_everything_is_denied(string capture)
    {
        await using var shop = await SmallShop.CreateAsync(capture);
        var web = shop.Webs[0];
        shop.Mesh.Resources.Pod(web, app: "web", spec: Probes);
        shop.Mesh.Resources.Write("policy", DenyAll);
        await Eventually.EqualAsync("the policy holds", "403", () => AskAsync(On(shop.Node), web, "/other"));

        Assert.Equal("200", await AskAsync(On(shop.Node), web, "/healthz?full=1"));
        Assert.Equal("403", await AskAsync(On(shop.Node), web, "/healthz/../other"));
        Assert.Equal("403", await AskAsync(On(shop.Node), web, "/healthz", "-X", "POST"));
        Assert.Equal("403", await AskAsync(On(shop.Node), shop.Webs[1], "/healthz"));
        var neighbour = await shop.Node.AddPodAsync("neighbour");
        Assert.Equal("403", await AskAsync(neighbour.TryExecAsync, web, "/healthz"));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_gRPC_probe_is_answered_although_everything_is_denied()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        var web = shop.Webs[0];
        shop.Mesh.Resources.Pod(web, app: "web", spec: "  containers: [{name: app, livenessProbe: {grpc: {port: 8082}}}]");
        shop.Mesh.Resources.Write("policy", DenyAll);
        await Eventually.TrueAsync("the policy holds", async () => await GrpcAsync("/grpc.health.v1.Health/Watch") == "7");

        // Without a message in the request: the app's own word, whatever it is.
        Assert.Matches("^([0-6]|[89]|1[0-6])$", await GrpcAsync("/grpc.health.v1.Health/Check"));

        async Task<string> GrpcAsync(string method)
        {
            var head = await Commands.TryAsync(shop.Node.Inside(
                "curl", "-s", "-m", "5", "-D", "-", "-o", "/dev/null", "--http2-prior-knowledge", "-X", "POST", "-H", "content-type: application/grpc", "-H", "te: trailers", $"http://{web.V4}:8082{method}"));
            return head.StandardOutput.Split('\n').Where(line => line.StartsWith("grpc-status:", StringComparison.Ordinal)).Select(line => line[12..].Trim()).FirstOrDefault("");
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_probe_that_opens_a_connection_meets_the_app_itself()
    {
        await using var mesh = await TestMesh.CreateAsync("ebpf", nodes: 2);
        var (node, far) = (mesh.Nodes[0], mesh.Nodes[1]);
        var web = await node.AddPodAsync("web");
        var (neighbour, stranger) = (await node.AddPodAsync("neighbour"), await far.AddPodAsync("stranger"));
        await web.ServeAsync();
        mesh.Resources.Pod(web);
        await node.Agent.StartAsync();
        Assert.True(await ConnectsAsync(On(node), web, NoServer)); // no probe: the mesh accepts for the app

        mesh.Resources.Pod(web, spec: Probes);
        mesh.Resources.Write("policy", DenyAll);

        await Eventually.TrueAsync("a dead port is refused", async () => !await ConnectsAsync(On(node), web, NoServer));
        Assert.Contains("raw hello", await SayAsync(On(node), web), StringComparison.Ordinal);

        // Neither a neighbour's connection nor one that the machine lends its address is a probe.
        await node.ExecAsync("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", stranger.V4.ToString(), "-j", "MASQUERADE");
        foreach (var pod in new[] { neighbour, stranger })
        {
            Assert.True(await ConnectsAsync(pod.TryExecAsync, web, NoServer));
            Assert.DoesNotContain("hello", await SayAsync(pod.TryExecAsync, web), StringComparison.Ordinal);
        }

        mesh.Resources.Pod(web);
        await Eventually.TrueAsync("what is no probe any more goes by the mesh", () => ConnectsAsync(On(node), web, NoServer));
    }

    [Fact(Timeout = 60_000)]
    public async Task Pods_are_not_restarted_because_the_mesh_is_dead()
    {
        await using var shop = await SmallShop.CreateAsync("ebpf");
        var web = shop.Webs[0];
        shop.Mesh.Resources.Pod(web, app: "web", spec: Probes);
        await shop.Agent.AppliesAsync("/healthz");
        var proxies = await shop.Agent.ProxiesAsync();
        await shop.Agent.KillAsync();
        foreach (var proxy in proxies)
        {
            Libc.Signal(proxy, Libc.SIGKILL);
        }

        await Eventually.TrueAsync("nothing else is answered", async () => !await ConnectsAsync(On(shop.Node), web, 8081));
        Assert.Equal("200", await AskAsync(On(shop.Node), web, "/healthz?full=1"));
        Assert.False(await ConnectsAsync(shop.Client.TryExecAsync, web, 8080));
    }

    private static Func<string[], Task<BufferedCommandResult>> On(TestNode node) => command => Commands.TryAsync(node.Inside(command));

    private static async Task<string> AskAsync(Func<string[], Task<BufferedCommandResult>> run, TestPod pod, string path, params string[] options) =>
        (await run(["curl", "-s", "-m", "5", "--path-as-is", "-o", "/dev/null", "-w", "%{http_code}", .. options, $"http://{pod.V4}:8080{path}"])).StandardOutput;

    private static async Task<bool> ConnectsAsync(Func<string[], Task<BufferedCommandResult>> run, TestPod pod, int port) =>
        (await run(["timeout", "5", "bash", "-c", $"exec 3<>/dev/tcp/{pod.V4}/{port}"])).ExitCode == 0;

    // The opaque server says back what it hears.
    private static async Task<string> SayAsync(Func<string[], Task<BufferedCommandResult>> run, TestPod pod) =>
        (await run(["sh", "-c", $"(printf 'echo\\nraw hello\\n'; sleep 1) | busybox nc -w 5 {pod.V4} 9000"])).StandardOutput;
}
