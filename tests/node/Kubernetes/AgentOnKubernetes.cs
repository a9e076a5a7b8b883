using NodeMesh.NodeTests.Cni;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Kubernetes;

/// <summary>A real agent that reads the Kubernetes API, with pods that it must find by itself.</summary>
public sealed class AgentOnKubernetes
{
    private const string Web = "10.96.0.80:80";

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(TestMesh.Captures), MemberType = typeof(TestMesh))]
    public async Task A_running_pod_is_found_captured_and_reaches_a_cluster_ip(string capture)
    {
        await using var cluster = await KubernetesNode.CreateAsync(capture);
        var client = await cluster.RunAsync("client");
        var web = await cluster.RunAsync("web");
        await web.Pod.ServeAsync();
        cluster.Service("web", "10.96.0.80", web);

        await cluster.Node.Agent.StartAsync();
        await cluster.Node.Agent.CapturedAsync(client.Pod);
        var answer = await client.Pod.CallAsync("http", Web);

        Assert.True(answer.Ok, answer.Error);
        Assert.Equal("web", answer.Server!.Pod);
        Assert.Equal(Web, answer.Peer);
        await Eventually.EqualAsync("the pod says that it is captured", "captured", () => Task.FromResult(cluster.StatusOf(client) ?? ""));
        await Eventually.TrueAsync("and an Event", () => Task.FromResult(cluster.EventsOf(client).SequenceEqual(["Captured"])));

        // Enrolled by a label, released by it.
        cluster.Declare(client, isEnrolled: false);
        await cluster.Node.Agent.CapturedAsync(client.Pod, captured: false);
        await Eventually.EqualAsync("the pod says nothing any more", "", () => Task.FromResult(cluster.StatusOf(client) ?? ""));
        await Eventually.TrueAsync("and an Event says why", () => Task.FromResult(cluster.EventsOf(client).SequenceEqual(["Captured", "Released"])));
    }

    [Fact(Timeout = 120_000)]
    public async Task The_API_server_may_go_away_and_what_was_read_serves_on()
    {
        await using var cluster = await KubernetesNode.CreateAsync();
        var client = await cluster.RunAsync("client");
        var web = await cluster.RunAsync("web");
        await web.Pod.ServeAsync();
        cluster.Service("web", "10.96.0.80", web);
        await cluster.Node.Agent.StartAsync();
        await cluster.Node.Agent.CapturedAsync(client.Pod);

        cluster.Server.GoAway();
        await Eventually.TrueAsync("the age grows", async () => (await cluster.Node.Agent.ScrapeAsync()).Sum("nodemesh_config_age_seconds") > 3, TimeSpan.FromSeconds(20));
        var answer = await client.Pod.CallAsync("http", Web);
        Assert.True(answer.Ok, answer.Error);
        Assert.Contains("stays in force", await cluster.Node.Agent.GetAsync("/problems"), StringComparison.Ordinal);

        var other = await cluster.RunAsync("other");
        cluster.Service("other", "10.96.0.81", other);
        await other.Pod.ServeAsync();
        cluster.Server.ComeBack();
        await Eventually.TrueAsync("what came meanwhile is served", async () => (await client.Pod.CallAsync("http", "10.96.0.81:80")).Ok, TimeSpan.FromSeconds(40));
        await Eventually.TrueAsync("the age is small again", async () => (await cluster.Node.Agent.ScrapeAsync()).Sum("nodemesh_config_age_seconds") < 3, TimeSpan.FromSeconds(20));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_container_may_restart_and_the_pod_stays_captured()
    {
        await using var cluster = await KubernetesNode.CreateAsync();
        var client = await cluster.RunAsync("client");
        var container = await client.StartAsync();
        await cluster.Node.Agent.StartAsync();
        await cluster.Node.Agent.CapturedAsync(client.Pod);

        await client.EndAsync(container);
        await client.StartAsync();
        await Task.Delay(TimeSpan.FromSeconds(2)); // two looks of the agent

        Assert.Equal(["Captured"], cluster.EventsOf(client));
        await cluster.Node.Agent.CapturedAsync(client.Pod);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_sandbox_that_is_made_anew_is_found_again()
    {
        await using var cluster = await KubernetesNode.CreateAsync();
        var client = await cluster.RunAsync("client");
        await cluster.Node.Agent.StartAsync();
        await cluster.Node.Agent.CapturedAsync(client.Pod);

        // The same pod, another network namespace, another address.
        var next = await cluster.Node.AddPodAsync("client-2");
        await using var again = new PodProcess(next, client.Uid);
        await client.DisposeAsync();
        await again.StartAsync();
        cluster.Server.Store.Put($$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"client","uid":"{{{client.Uid}}}","labels":{"nodemesh.io/mesh":"enabled"}},
             "spec":{"nodeName":"{{{cluster.Node.Name}}}","containers":[{"name":"app","image":"none"}]},
             "status":{"phase":"Running","podIP":"{{{next.V4}}}","podIPs":[{"ip":"{{{next.V4}}}"},{"ip":"{{{next.V6}}}"}]}}
            """);

        await Eventually.TrueAsync("the new sandbox is captured", async () =>
        {
            var pods = await cluster.Node.Agent.GetAsync("/pods");
            return pods.Contains(next.V4.ToString(), StringComparison.Ordinal) && pods.Contains("\"captured\": true", StringComparison.Ordinal);
        }, TimeSpan.FromSeconds(20));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_pod_that_can_not_be_found_is_said_to_be_not_captured()
    {
        await using var cluster = await KubernetesNode.CreateAsync();
        // A process of the pod is seen, but in the machine's own network, as conmon's is: never that.
        var pod = new PodProcess(await cluster.Node.AddPodAsync("lost"), Guid.NewGuid().ToString());
        await using (pod)
        {
            await pod.StartAsync(isInHostNetwork: true);
            cluster.Declare(pod, isEnrolled: true);
            cluster.Node.Agent.Launch();

            await Eventually.EqualAsync("the pod says so", "not-captured", () => Task.FromResult(cluster.StatusOf(pod) ?? ""), TimeSpan.FromSeconds(60));
            await Eventually.TrueAsync("an Event says why", () => Task.FromResult(cluster.EventsOf(pod).SequenceEqual(["NotCaptured"])));
            Assert.Contains("NetnsIsHost", await cluster.Node.Agent.GetAsync("/problems"), StringComparison.Ordinal);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_pod_that_the_API_tells_of_too_late_starts_unmeshed_by_policy_and_an_Event_says_so()
    {
        await using var cluster = await KubernetesNode.CreateAsync();
        await cluster.Node.Agent.StartAsync();
        await using var late = await CniPod.CreateAsync(cluster.Node, "late", policy: "unmeshed", timeoutSeconds: 1);
        var add = await late.AddAsync();
        Assert.True(add.ExitCode == 0, add.StandardOutput + add.StandardError);

        cluster.Server.Store.Put($$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"late","uid":"uid-of-late","labels":{"nodemesh.io/mesh":"enabled"} },
             "spec":{"nodeName":"{{{cluster.Node.Name}}}","containers":[{"name":"app","image":"none"}]},
             "status":{"phase":"Running","podIP":"{{{late.Address}}}","podIPs":[{"ip":"{{{late.Address}}}"}]} }
            """);
        await Eventually.TrueAsync("both Events", () => Task.FromResult(cluster.ReasonsOf("uid-of-late").Order().SequenceEqual(["Captured", "StartedUnmeshed"])), TimeSpan.FromSeconds(20));
        await late.DeleteAsync();
    }
}
