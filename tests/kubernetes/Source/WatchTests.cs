using NodeMesh.Agent.Compiler;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.KubernetesTests.Cluster;
using NodeMesh.TestApiServer.Faults;
using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.KubernetesTests.Source;

/// <summary>What the source makes of a cluster in which all goes well.</summary>
public class WatchTests
{
    [Fact(Timeout = 60_000)]
    public async Task What_is_created_changed_and_deleted_is_seen()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.ServiceAsync("before");
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the Service that was there", set => set.Services.ContainsKey($"{cluster.Namespace}/before"));

        await cluster.PodAsync("web", "10.200.0.1");
        var pod = (await watching.UntilAsync("the pod with its address", set => Pod(set, cluster, "web")?.Status.PodIPs.Count == 1)).Pods[$"{cluster.Namespace}/web"];
        Assert.Equal(cluster.Node, pod.Spec.NodeName);
        Assert.Equal("web", pod.Metadata.Labels["app"]);
        Assert.Equal(8080, pod.Spec.Containers[0].Ports[0].Port);
        Assert.NotNull(pod.Metadata.Uid);

        await cluster.MergeAsync("v1", "pods", "web", """{"metadata":{"labels":{"nodemesh.io/mesh":"enabled"}}}""");
        await watching.UntilAsync("the label", set => Pod(set, cluster, "web")?.Metadata.Labels.ContainsKey("nodemesh.io/mesh") == true);

        await cluster.DeleteAsync("v1", "pods", "web");
        await watching.UntilAsync("the pod's end", set => Pod(set, cluster, "web") is null);
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_a_pod_elsewhere_only_what_the_mesh_uses_is_kept()
    {
        await using var cluster = await TestCluster.StartAsync();
        await using var watching = new Watching(cluster);
        await cluster.PodAsync("far", "10.200.0.2", node: "elsewhere", annotations: "\"example.com/large\":\"text\",\"nodemesh.io/opaque-ports\":\"9\"");
        await cluster.PodAsync("near", "10.200.0.3", annotations: "\"example.com/large\":\"text\",\"nodemesh.io/netns\":\"near\"");

        var set = await watching.UntilAsync("both", set => Pod(set, cluster, "far")?.Status.PodIPs.Count == 1 && Pod(set, cluster, "near")?.Status.PodIPs.Count == 1);
        var far = Pod(set, cluster, "far")!;
        Assert.Equal("elsewhere", far.Spec.NodeName);
        Assert.Equal("10.200.0.2", far.Status.PodIPs[0].Ip);
        Assert.Equal(["nodemesh.io/opaque-ports"], far.Metadata.Annotations.Keys);
        Assert.Equal(["nodemesh.io/netns"], Pod(set, cluster, "near")!.Metadata.Annotations.Keys);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_is_in_the_zone_of_its_Node_until_that_says_otherwise()
    {
        await using var cluster = await TestCluster.StartAsync();
        _ = cluster.Server; // the Nodes of a real cluster are its own
        cluster.Server.Store.Put("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"far-node","labels":{"topology.kubernetes.io/zone":"z1","other":"x"} } }""");
        await cluster.PodAsync("far", "10.200.0.2", node: "far-node");
        await cluster.ServiceAsync("web");
        await cluster.SliceAsync("web", "10.200.0.2");
        await using var watching = new Watching(cluster);

        var set = await watching.UntilAsync("pod and Node", set => Pod(set, cluster, "far")?.Status.PodIPs.Count == 1 && set.Nodes.Count == 1 && set.EndpointSlices.Count == 1);
        Assert.Equal(["topology.kubernetes.io/zone"], set.Nodes["far-node"].Metadata.Labels.Keys);
        var compiler = new IncrementalCompiler(cluster.Node, NodeMesh.Agent.Capture.FailurePolicy.Closed);
        Assert.Equal(("z1", "z1"), Zones(compiler, set, cluster));

        // What a kubelet tells of itself every few minutes.
        cluster.Server.Store.Put("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"far-node","labels":{"topology.kubernetes.io/zone":"z1","other":"y"} },"status":{"phase":"x"} }""");
        cluster.Server.Store.Put("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"far-node","labels":{"topology.kubernetes.io/zone":"z2"} } }""");
        var after = await watching.UntilAsync("the other zone", now => now.Nodes["far-node"].Metadata.Labels[Node.ZoneLabel] == "z2");
        Assert.Equal(("z2", "z2"), Zones(compiler, after, cluster));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_change_the_mesh_does_not_read_makes_no_new_set()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.PodAsync("web", "10.200.0.4");
        await using var watching = new Watching(cluster);
        var before = (await watching.UntilAsync("the pod", set => Pod(set, cluster, "web") is not null)).Pods[$"{cluster.Namespace}/web"];

        await cluster.MergeAsync("v1", "pods", "web", """{"metadata":{"annotations":{"example.com/heartbeat":"12:00"}}}""");
        await cluster.ServiceAsync("after");
        var set = await watching.UntilAsync("what came afterwards", set => set.Services.ContainsKey($"{cluster.Namespace}/after"));

        Assert.Same(before, set.Pods[$"{cluster.Namespace}/web"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_same_objects_from_files_and_from_the_api_compile_to_the_same_mesh()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.PodAsync("web-1", "10.200.1.1");
        await cluster.PodAsync("web-2", "10.200.1.2", node: "elsewhere");
        await cluster.ServiceAsync("web");
        await cluster.SliceAsync("web", "10.200.1.1", "10.200.1.2");
        await using var watching = new Watching(cluster);
        var fromApi = await watching.UntilAsync("everything", set => set.EndpointSlices.ContainsKey($"{cluster.Namespace}/web-1") && Pod(set, cluster, "web-2")?.Status.PodIPs.Count == 1);

        var all = new List<string>();
        foreach (var (version, plural, kind) in new[] { ("v1", "pods", "Pod"), ("v1", "services", "Service"), ("discovery.k8s.io/v1", "endpointslices", "EndpointSlice") })
        {
            all.AddRange((await cluster.ListAsync(version, plural)).Select(item =>
            {
                (item["apiVersion"], item["kind"]) = (version, kind);
                return item.ToJsonString();
            }));
        }
        var directory = Directory.CreateTempSubdirectory();
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "all.json"), string.Join('\n', all));
            var files = new Agent.Resources.Directory.DirectoryReader(directory.FullName, 1 << 20).ReadAll(trustTimes: false);
            var node = new NodeContext(cluster.Node);
            var (a, b) = (MeshCompiler.Compile(Within(fromApi, cluster), node), MeshCompiler.Compile(files, node));

            Assert.Empty(b.Problems);
            Assert.Equal(b.Content.Services, a.Content.Services);
            Assert.Equal(b.Content.Workloads, a.Content.Workloads);
            Assert.Equal(b.LocalPods, a.LocalPods);
            Assert.Equal(2, a.Content.Services[$"{cluster.Namespace}/web"].Ports[0].Endpoints.Count);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_of_a_StatefulSet_that_moves_is_not_lost_in_whatever_order_the_watches_tell()
    {
        await using var cluster = await TestCluster.StartAsync();
        var store = cluster.Server.Store;
        await cluster.PodAsync("db-0", "10.200.2.1");
        // The watch that tells of the end is slower than the one that tells of the beginning.
        cluster.Server.Faults.Add(new Fault(request => request.Is("watch", "pods") && request.Parameter("fieldSelector").Contains("spec.nodeName=", StringComparison.Ordinal)) { Delay = TimeSpan.FromMilliseconds(400) });
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the pod here", set => Pod(set, cluster, "db-0")?.Spec.NodeName == cluster.Node);

        store.Delete("Pod", cluster.Namespace, "db-0");
        store.Put($$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"{{{cluster.Namespace}}}","name":"db-0","creationTimestamp":"2099-01-01T00:00:00Z"},
             "spec":{"nodeName":"elsewhere","containers":[]},"status":{"phase":"Running","podIPs":[{"ip":"10.200.2.2"}]}}
            """);
        await watching.UntilAsync("the pod there", set => Pod(set, cluster, "db-0")?.Spec.NodeName == "elsewhere");
        await cluster.PodAsync("marker", "10.200.2.3");
        var set = await watching.UntilAsync("what the slow watch told last", set => Pod(set, cluster, "marker")?.Status.PodIPs.Count == 1);

        Assert.Equal("elsewhere", Pod(set, cluster, "db-0")?.Spec.NodeName);
        Assert.All(watching.Sets, seen => Assert.NotNull(Pod(seen, cluster, "db-0")));
    }

    [Fact(Timeout = 60_000)]
    public async Task Pods_that_have_ended_are_not_sent_at_all()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.PodAsync("job", "10.200.3.1");
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the job's pod", set => Pod(set, cluster, "job") is not null);

        await cluster.StatusAsync("v1", "pods", "job", """{"phase":"Succeeded"}""");

        await watching.UntilAsync("its end", set => Pod(set, cluster, "job") is null);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_object_that_can_not_be_read_is_a_problem_of_its_own()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.Store.Put($$$"""
            {"apiVersion":"v1","kind":"Service","metadata":{"namespace":"{{{cluster.Namespace}}}","name":"odd"},"spec":{"ports":[{"port":"eighty"}]}}
            """);
        await cluster.ServiceAsync("good");
        await using var watching = new Watching(cluster);

        var set = await watching.UntilAsync("the good one", set => set.Services.ContainsKey($"{cluster.Namespace}/good"));

        Assert.False(set.Services.ContainsKey($"{cluster.Namespace}/odd"));
        var problem = Assert.Single(set.Problems);
        Assert.Equal(("Service", $"{cluster.Namespace}/odd", "Invalid"), (problem.Kind, problem.Id, problem.Reason));
        Assert.True(set.IsCurrent);
    }

    [Fact(Timeout = 60_000)]
    public async Task Each_type_has_one_list_and_one_watch()
    {
        await using var cluster = await TestCluster.StartAsync();
        await using var watching = new Watching(cluster);
        await watching.UntilAsync("the first set", _ => true);
        await Soon.TrueAsync("every watch", () => cluster.Server.Requests.Count(request => request.Verb == "watch") == 7);

        Assert.Equal(
            ["customresourcedefinitions", "endpointslices", "namespaces", "nodes", "pods", "pods", "services"],
            cluster.Server.Requests.Where(request => request.Verb == "watch").Select(request => request.Resource).Order());
        Assert.All(
            cluster.Server.Requests.Where(request => request.Verb == "list" && request.Group is "" or "discovery.k8s.io").GroupBy(request => (request.Resource, request.Parameter("fieldSelector"))),
            lists => Assert.Single(lists, request => request.Verb == "list"));
        Assert.DoesNotContain(cluster.Server.Requests, request => request.Verb is not ("list" or "watch" or "create"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Over_TLS_with_a_token_every_watch_is_a_stream_of_one_connection()
    {
        using var certificate = Certificates.SelfSigned();
        await using var cluster = await TestCluster.StartAsync(new ApiServerOptions { Certificate = certificate, Token = "secret" });
        await cluster.ServiceAsync("web");
        await using var watching = new Watching(cluster);

        await watching.UntilAsync("the Service", set => set.Services.ContainsKey($"{cluster.Namespace}/web"));
        await Soon.TrueAsync("every watch", () => cluster.Server.OpenWatches == 7);

        Assert.Equal(2, cluster.Server.Connections); // the test's own, and that of the source
    }

    private static Pod? Pod(ResourceSet set, TestCluster cluster, string name) => set.Pods.GetValueOrDefault($"{cluster.Namespace}/{name}");

    // A real cluster has more in it than the test has made.
    private static ResourceSet Within(ResourceSet set, TestCluster cluster) => new()
    {
        Pods = set.Pods.RemoveRange(set.Pods.Keys.Where(id => !id.StartsWith($"{cluster.Namespace}/", StringComparison.Ordinal))),
        Services = set.Services.RemoveRange(set.Services.Keys.Where(id => !id.StartsWith($"{cluster.Namespace}/", StringComparison.Ordinal))),
        EndpointSlices = set.EndpointSlices.RemoveRange(set.EndpointSlices.Keys.Where(id => !id.StartsWith($"{cluster.Namespace}/", StringComparison.Ordinal))),
    };

    private static (string Workload, string Endpoint) Zones(IncrementalCompiler compiler, ResourceSet set, TestCluster cluster)
    {
        var content = compiler.Compile(set, new NodeContext("").ObservedAddresses).Content;
        return (content.Workloads[$"{cluster.Namespace}/far"].Zone, content.Services[$"{cluster.Namespace}/web"].Ports[0].Endpoints[0].Zone);
    }
}
