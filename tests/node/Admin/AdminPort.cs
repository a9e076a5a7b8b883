using System.Text.Json;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Admin;

[Collection("ebpf")]
public sealed class AdminPort(EbpfMesh mesh)
{
    [Theory(Timeout = 30_000)]
    [InlineData("nodemesh_pod_enrolled")]
    [InlineData("nodemesh_pod_captured")]
    [InlineData("nodemesh_bypass_attempts_total")]
    [InlineData("nodemesh_config_version")]
    [InlineData("nodemesh_config_age_seconds")]
    [InlineData("nodemesh_build_info")]
    public async Task One_scrape_has_the_agents_metrics(string metric) =>
        Assert.NotEmpty((await mesh.Near.Agent.ScrapeAsync()).Find(metric));

    [Fact(Timeout = 30_000)]
    public async Task One_scrape_has_the_proxys_metrics()
    {
        await Traffic.CallAsync(mesh.Client(), mesh.Server(), System.Net.Sockets.AddressFamily.InterNetwork, "http");

        await Eventually.TrueAsync("connections, bytes, requests and latency", async () =>
        {
            var scrape = await mesh.Near.Agent.ScrapeAsync();
            return new[]
            {
                "nodemesh_tcp_connections_opened_total", "nodemesh_tcp_connections_closed_total", "nodemesh_tcp_sent_bytes_total", "nodemesh_tcp_received_bytes_total",
                "nodemesh_http_requests_total", "nodemesh_http_request_duration_seconds_count",
            }.All(metric => scrape.Sum(metric, ("source_workload", mesh.Client().Name), ("destination_workload", mesh.Server().Name)) > 0);
        });
    }

    [Fact(Timeout = 30_000)]
    public async Task Pods_of_this_node_alone_are_enrolled_and_captured()
    {
        var scrape = await mesh.Far.Agent.ScrapeAsync();

        Assert.Equal(["far-meshed"], scrape.Find("nodemesh_pod_captured").Where(sample => sample.Value == 1).Select(sample => sample.Label("pod")));
    }

    [Theory(Timeout = 30_000)]
    [InlineData("/pods")]
    [InlineData("/config")]
    public async Task Pods_and_config_are_JSON_that_names_the_pods(string path)
    {
        using var json = JsonDocument.Parse(await mesh.Near.Agent.GetAsync(path));

        Assert.Contains("near-meshed", json.RootElement.GetRawText(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 30_000)]
    public async Task What_agent_and_proxy_log_of_their_own_changes_for_a_while()
    {
        var agent = mesh.Near.Agent;
        Assert.Equal("{\"level\":\"information\"}\n", await agent.GetAsync("/log-level"));
        Assert.DoesNotContain("Snapshot", agent.Process.Output, StringComparison.Ordinal); // the proxy says so of each, at debug

        await LogAsync("debug", 60);
        await mesh.RemovePodAsync(await mesh.AddPodAsync("noticed"));
        await Eventually.TrueAsync("the proxy tells of a snapshot", () => Task.FromResult(agent.Process.Output.Contains("is in force", StringComparison.Ordinal)));
        await LogAsync("warning", 1);
        await Eventually.EqualAsync("it is again as the agent was started", "{\"level\":\"information\"}\n", () => agent.GetAsync("/log-level"));

        async Task LogAsync(string level, int seconds) =>
            Assert.Contains($"log {level} and worse for {seconds} s", await mesh.Near.ExecAsync(Products.Cli, "log-level", level, "--seconds", $"{seconds}"), StringComparison.Ordinal);
    }

    [Theory(Timeout = 30_000)]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    public async Task It_is_healthy_and_ready(string path) => await mesh.Near.Agent.GetAsync(path);
}
