using NodeMesh.NodeTests.Kit;
using NodeMesh.NodeTests.Kubernetes;

namespace NodeMesh.NodeTests.Containerd;

/// <summary>Pods of a real container runtime, started by its own interface and by its own chain of CNI plugins.</summary>
public sealed class ContainerdTests
{
    // By nc, since Debian's static busybox crashes as wget; it stays until it has its answer.
    private const string Call = """(printf 'GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n'; /bin/busybox sleep 1) | /bin/busybox nc -w 5 10.96.0.80 80""";

    [Fact(Timeout = 120_000)]
    public async Task A_pod_is_captured_from_its_first_packet_until_its_sandbox_is_stopped()
    {
        await using var cluster = await KubernetesNode.CreateAsync();
        await ServeAsync(cluster);
        await using var containerd = await ContainerRuntime.StartAsync(cluster.Node);
        await cluster.Node.Agent.StartAsync("--cni-bin", containerd.Binaries, "--cni-conf", containerd.Configurations);
        await containerd.UsesAsync("nodemesh-cni");
        var uid = Guid.NewGuid().ToString();
        Declare(cluster, "first", uid, "enabled");

        // Only the mesh knows the address, and the container asks for it before anything else.
        var pod = await containerd.RunAsync("first", uid, $"{Call}; echo; echo asked; exec /bin/busybox sleep 1000");
        await Eventually.TrueAsync("it has asked", async () => (await pod.LogAsync()).Contains("asked", StringComparison.Ordinal));

        Assert.Contains("\"pod\":\"web\"", await pod.LogAsync(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, (await cluster.Node.Agent.ScrapeAsync()).Sum("nodemesh_tcp_connections_opened_total", ("source_workload", "first")));
        Declare(cluster, "first", uid, "enabled", pod.Address);
        await Eventually.TrueAsync("an Event says so", () => Task.FromResult(cluster.ReasonsOf(uid).SequenceEqual(["Captured"])));

        await pod.StopAsync();
        Assert.Equal(0, await CapturedAsync(cluster, "first"));
        Assert.DoesNotContain(uid, await File.ReadAllTextAsync($"{cluster.Node.Agent.State}/agent/attachments.json", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_pod_that_runs_already_is_found_by_its_cgroup_when_a_label_enrols_it()
    {
        await using var cluster = await KubernetesNode.CreateAsync();
        await ServeAsync(cluster);
        await using var containerd = await ContainerRuntime.StartAsync(cluster.Node);
        var uid = Guid.NewGuid().ToString();
        var pod = await containerd.RunAsync("later", uid, "exec /bin/busybox sleep 1000");
        Declare(cluster, "later", uid, "disabled", pod.Address);
        await cluster.Node.Agent.StartAsync();
        Assert.NotEqual(0, (await pod.ExecAsync("nc", "-w", "1", "10.96.0.80", "80")).ExitCode);

        Declare(cluster, "later", uid, "enabled", pod.Address);
        await Eventually.EqualAsync("captured", 1, () => CapturedAsync(cluster, "later"));

        var (exitCode, output) = await pod.ExecAsync("sh", "-c", Call);
        Assert.True(exitCode == 0, output);
        Assert.Contains("\"pod\":\"web\"", output, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task ServeAsync(KubernetesNode cluster)
    {
        var web = await cluster.RunAsync("web", isEnrolled: false);
        await web.Pod.ServeAsync();
        cluster.Service("web", "10.96.0.80", web);
    }

    /// <param name="address">Once the kubelet knows it.</param>
    private static void Declare(KubernetesNode cluster, string name, string uid, string mesh, string? address = null) => cluster.Server.Store.Put($$$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"{{{name}}}","uid":"{{{uid}}}","labels":{"nodemesh.io/mesh":"{{{mesh}}}"} },
         "spec":{"nodeName":"{{{cluster.Node.Name}}}","containers":[{"name":"app","image":"none"}]},
         "status":{ {{{(address is null ? "\"phase\":\"Pending\"" : $$"""
            "phase":"Running","podIP":"{{address}}","podIPs":[{"ip":"{{address}}"}]
            """)}}} } }
        """);

    private static async Task<double> CapturedAsync(KubernetesNode cluster, string pod) =>
        (await cluster.Node.Agent.ScrapeAsync()).Sum("nodemesh_pod_captured", ("namespace", "default"), ("pod", pod));
}
