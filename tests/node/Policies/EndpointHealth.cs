using System.Net;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>Endpoints that can't be reached, say that they are ill, or are new.</summary>
[Collection("ebpf")]
public sealed class EndpointHealth(EbpfMesh mesh) : ResilientService(mesh)
{
    [Fact(Timeout = 60_000)]
    public async Task An_endpoint_behind_a_firewall_costs_the_connect_timeout_and_not_more()
    {
        var deaf = await Mesh.AddPodAsync("deaf", enrolled: false, app: "resilient");
        try
        {
            await deaf.ExecAsync("iptables", "-I", "INPUT", "-p", "tcp", "-j", "DROP");
            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}, timeouts: {connect: 200ms}");
            var refused = await Eventually.HoldsAsync("the deaf one has its turn", () => CallAsync(), result => result.Status == 503);
            Assert.Equal((503, "upstream_connect"), (refused.Status, refused.Headers!["nodemesh-error"]));
            Assert.InRange(refused.Milliseconds, 200, 5_000);

            Retries("codes: [500], attempts: 3, backoff: 10ms");
            await Eventually.TrueAsync("nobody notices any more", async () => (await TimesAsync(20)).All(result => result.Ok));
        }
        finally
        {
            await RemoveAsync(deaf);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_new_endpoint_gets_its_share_by_and_by()
    {
        await PolicyAsync("loadBalancing: {algorithm: RoundRobin, slowStart: {window: 12s}}");
        await Task.Delay(TimeSpan.FromSeconds(13)); // until what is there has its whole share
        var fresh = await NginxAsync("fresh", "location / { add_header X-Pod fresh; return 200 \"\"; }");
        try
        {
            await Eventually.TrueAsync("it gets something", async () => (await PodsAsync(20)).Contains("fresh"), TimeSpan.FromSeconds(20));

            // Without the policy it would get half at once; half way through the window it has a third.
            Assert.InRange((await PodsAsync(300)).Count(pod => pod == "fresh"), 1, 120);
            await Eventually.TrueAsync("it gets half", async () => (await PodsAsync(100)).Count(pod => pod == "fresh") >= 48, TimeSpan.FromSeconds(45));
        }
        finally
        {
            await RemoveAsync(fresh);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task An_endpoint_that_says_it_is_ill_gets_nothing_although_it_answers()
    {
        var nginx = await NginxAsync("ill", "location / { add_header X-Pod ill; return 200 \"\"; } location /health { alias {home}/; }");
        try
        {
            await File.WriteAllTextAsync($"{Mesh.Home("ill")}/z", "well");
            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}, healthCheck: {interval: 200ms, unhealthyThreshold: 2, http: {path: /health/z}}");
            await Eventually.TrueAsync("it is well", async () => (await PodsAsync(6)).Contains("ill") && await ChecksAsync("passed") > 2);

            File.Delete($"{Mesh.Home("ill")}/z");
            await Eventually.TrueAsync("it gets nothing", async () => !(await PodsAsync(6)).Contains("ill"));
            Assert.DoesNotContain("ill", await PodsAsync(40));
            Assert.Equal(1, (await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_unhealthy_endpoints", ("service", "default/resilient")));
            Assert.True(await ChecksAsync("failed") >= 2);
            // No pod of the other node uses the Service: it asks nobody.
            Assert.Equal(0, (await Mesh.Far.Agent.ScrapeAsync()).Sum("nodemesh_health_checks_total", ("service", "default/resilient")));

            await File.WriteAllTextAsync($"{Mesh.Home("ill")}/z", "well again");
            await Eventually.TrueAsync("it is used again", async () => (await PodsAsync(6)).Contains("ill"));
        }
        finally
        {
            await RemoveAsync(nginx);
        }

        async Task<double> ChecksAsync(string result) => (await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_health_checks_total", ("service", "default/resilient"), ("result", result));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_endpoint_that_says_over_gRPC_that_it_does_not_serve_gets_nothing()
    {
        var file = $"{Directory.CreateDirectory(Mesh.Home("idle")).FullName}/serves";
        await File.WriteAllTextAsync(file, "");
        var idle = await Mesh.AddPodAsync("idle");
        try
        {
            await idle.ServeAsync("--health", file);
            Mesh.Mesh.Resources.Pod(idle, app: "resilient");
            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}, healthCheck: {interval: 200ms, unhealthyThreshold: 2, port: 8082, grpc: {}}");
            await Eventually.TrueAsync("it serves", async () => (await PodsAsync(6)).Contains("idle"));

            File.Delete(file);
            await Eventually.TrueAsync("it gets nothing", async () => !(await PodsAsync(6)).Contains("idle"));
            Assert.Equal(["far-meshed"], (await PodsAsync(40)).Distinct());
        }
        finally
        {
            await RemoveAsync(idle);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task An_endpoint_that_takes_no_connection_gets_nothing_on_this_node_or_another()
    {
        const string port = "9000";
        var near = await NginxAsync("near-half", "location / { add_header X-Pod near-half; return 200 \"\"; }");
        var far = await NginxAsync("far-half", "location / { add_header X-Pod far-half; return 200 \"\"; }", on: Mesh.Far);
        try
        {
            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}");
            await GoesToAsync("far-half", "far-meshed", "near-half");

            await PolicyAsync($"loadBalancing: {{algorithm: RoundRobin}}, healthCheck: {{interval: 200ms, port: {port}, tcp: {{}}}}");
            await GoesToAsync("far-meshed");

            foreach (var pod in new[] { near, far })
            {
                await pod.StartAsync(int.Parse(port), "python3", "-m", "http.server", port);
            }
            await GoesToAsync("far-half", "far-meshed", "near-half");
        }
        finally
        {
            await RemoveAsync(near);
            await RemoveAsync(far);
        }

        Task GoesToAsync(params string[] pods) =>
            Eventually.TrueAsync($"requests go to {string.Join(", ", pods)}", async () => (await PodsAsync(12)).Distinct().Order().SequenceEqual(pods));
    }
}
