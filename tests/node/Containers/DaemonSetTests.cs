using System.Text.Json.Nodes;
using NodeMesh.NodeTests.Cni;
using NodeMesh.NodeTests.Kit;
using NodeMesh.NodeTests.Kubernetes;

namespace NodeMesh.NodeTests.Containers;

/// <summary>The DaemonSet is real: what the chart renders runs under runc, with these capabilities, mounts, users and seccomp profiles and no others.</summary>
public sealed class DaemonSetTests
{
    [Fact(Timeout = 180_000)]
    public async Task Both_containers_run_as_rendered_and_captured_traffic_flows_and_uninstalling_leaves_the_node_as_it_was()
    {
        await using var mesh = await TestMesh.CreateAsync("ebpf");
        var node = mesh.Nodes[0];
        await using var cluster = await TestCluster.StartAsync(node);
        await using var machine = await ContainerNode.CreateAsync(cluster);
        await File.WriteAllTextAsync($"{machine.CniConfigurations}/10-pods.conflist", CniPod.Chain(node), TestContext.Current.CancellationToken);
        PutDaemonSet(cluster);
        var server = await node.AddPodAsync("server");
        await server.ServeAsync();
        PutService(cluster, server);
        await using var running = new PodProcess(await node.AddPodAsync("running"), Guid.NewGuid().ToString());
        await running.StartAsync();
        PutPod(cluster, node, "running", running.Uid, running.Pod.V4.ToString());

        var proxy = machine.Start("proxy", "one");
        var agent = machine.Start("agent", "one");
        await ReadyAsync(node, agent, proxy);
        await Eventually.TrueAsync("the plugin is in the chain", () => Task.FromResult(File.Exists($"{machine.CniConfigurations}/00-00-nodemesh.conflist")));

        // Of these two answers the kubelet makes "started": this pod's agent has the node, and not that of another on the same port.
        Assert.Equal((0, 1), (await machine.StartupProbeAsync(agent, "one"), await machine.StartupProbeAsync(agent, "another")));
        // A pod that was there before the agent, found in the machine's /proc, which is not the container's.
        Assert.NotEmpty(await running.Pod.ExecAsync("curl", "-sS", "--max-time", "5", "http://10.96.0.80/"));

        await using var pod = await CniPod.CreateAsync(node, "client");
        PutPod(cluster, node, "client");
        var add = await pod.AddByChainAsync($"{machine.CniConfigurations}/00-00-nodemesh.conflist", machine.CniBinaries);
        Assert.True(add.ExitCode == 0, $"{add.StandardOutput}{add.StandardError}\n{agent.Process.Tail()}");
        Assert.NotEmpty(await pod.ExecAsync("curl", "-sS", "--max-time", "5", "http://10.96.0.80/"));

        // The DaemonSet is deleted, and then its pods are.
        cluster.Server.Store.Delete("DaemonSet", "nodemesh-system", "nodemesh");
        await Task.WhenAll(agent.StopAsync(), proxy.StopAsync());
        Assert.Equal([$"{machine.CniConfigurations}/10-pods.conflist"], Directory.GetFiles(machine.CniConfigurations));
        Assert.Empty(Directory.GetFiles(machine.CniBinaries));
        Assert.False(Directory.Exists($"{machine.Root}/bpf/nodemesh"));
        Assert.Empty(Directory.GetFileSystemEntries(machine.State));
        Assert.StartsWith("0:\tfrom all lookup local", await pod.ExecAsync("ip", "rule"), StringComparison.Ordinal);
        // It goes on, by the address that is really there.
        Assert.NotEmpty(await pod.ExecAsync("curl", "-sS", "--max-time", "5", $"http://{server.V4}:8080/"));
    }

    private static async Task ReadyAsync(TestNode node, RunContainer agent, RunContainer proxy)
    {
        try
        {
            await Eventually.TrueAsync(
                "the agent is ready",
                async () =>
                {
                    Assert.False(agent.Process.HasExited, $"the agent ended:\n{agent.Process.Tail()}");
                    return (await Commands.TryAsync(node.Inside("curl", "-sf", "--max-time", "2", $"http://{node.V4(1)}:15020/readyz"))).ExitCode == 0;
                },
                TimeSpan.FromSeconds(40));
        }
        catch (Xunit.Sdk.XunitException failure)
        {
            throw new InvalidOperationException($"{failure.Message}\nagent:\n{agent.Process.Tail()}\nproxy:\n{proxy.Process.Tail()}");
        }
    }

    private static void PutDaemonSet(TestCluster cluster)
    {
        cluster.Put("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"nodemesh-system"}}""");
        cluster.Put("""{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"nodemesh","namespace":"nodemesh-system"},"spec":{}}""");
    }

    private static void PutPod(TestCluster cluster, TestNode node, string name, string? uid = null, string? address = null) => cluster.Put(new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = "default",
            ["uid"] = uid ?? $"uid-of-{name}",
            ["labels"] = new JsonObject { ["nodemesh.io/mesh"] = "enabled" },
        },
        ["spec"] = new JsonObject { ["nodeName"] = node.Name, ["containers"] = new JsonArray() },
        ["status"] = address is null
            ? new JsonObject { ["phase"] = "Pending" }
            : new JsonObject { ["phase"] = "Running", ["podIP"] = address, ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = address }) },
    }.ToJsonString());

    private static void PutService(TestCluster cluster, TestPod server)
    {
        cluster.Put("""
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"default"},
             "spec":{"clusterIP":"10.96.0.80","clusterIPs":["10.96.0.80"],"ports":[{"name":"http","port":80,"targetPort":8080,"protocol":"TCP"}]}}
            """);
        cluster.Put($$$"""
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4",
             "metadata":{"name":"web-1","namespace":"default","labels":{"kubernetes.io/service-name":"web"}},
             "ports":[{"name":"http","port":8080,"protocol":"TCP"}],
             "endpoints":[{"addresses":["{{{server.V4}}}"],"conditions":{"ready":true}}]}
            """);
    }
}
