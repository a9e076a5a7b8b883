using System.Net;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>Limits, protocols and second attempts by TrafficPolicy, and what EgressPolicy ends.</summary>
[Collection("ebpf")]
public sealed class TrafficResilience(EbpfMesh mesh) : ResilientService(mesh)
{
    [Fact(Timeout = 60_000)]
    public async Task Over_the_limit_one_waits_and_one_is_refused()
    {
        await PolicyAsync("circuitBreaker: {maxRequests: 1, maxPendingRequests: 1}");

        await Eventually.TrueAsync("of three at a time", async () =>
        {
            // Each at its own client: one client makes one call after another.
            var results = await Mesh.Client().ExecAsync("sh", "-c", $"for i in 1 2 3; do curl -sS -o /dev/null -w '%{{http_code}} %header{{nodemesh-error}}\\n' 'http://{Http}/?delay=700' & done; wait");
            return results.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim()).Order().SequenceEqual(["200", "200", "503 circuit_open"]);
        }, TimeSpan.FromSeconds(20));
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_a_connection_left_a_request_waits_or_is_refused_and_a_connection_is_reset()
    {
        await PolicyAsync("circuitBreaker: {maxConnections: 1, maxPendingRequests: 1}");
        await Eventually.TrueAsync("of three requests at a time one waits and one is refused", async () =>
        {
            var results = await Mesh.Client().ExecAsync("sh", "-c", $"for i in 1 2 3; do curl -sS -o /dev/null -w '%{{http_code}} %header{{nodemesh-error}}\\n' 'http://{Http}/?delay=700' & done; wait");
            return results.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim()).Order().SequenceEqual(["200", "200", "503 circuit_open"]);
        }, TimeSpan.FromSeconds(20));

        Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{Web}:90", Token = "only" })).Ok);
        Assert.Equal("ConnectionReset", (await Mesh.Client().CallAsync("opaque", $"{Web}:90")).Error);
        Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "drop", Token = "only" })).Ok);
        await Eventually.HoldsAsync("there is room again", () => Mesh.Client().CallAsync("opaque", $"{Web}:90"), result => result.Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task Servers_are_spoken_to_in_the_policys_version_of_HTTP_and_gRPC_as_ever()
    {
        await PolicyAsync("upstreamProtocol: HTTP1");

        var result = await Eventually.HoldsAsync("HTTP/2 becomes HTTP/1.1", () => Mesh.Client().CallAsync("h2c", Http), answer => answer.Server?.Protocol == "HTTP/1.1");

        Assert.Equal((true, "HTTP/2.0"), (result.Ok, result.Protocol));
        foreach (var rpc in new[] { "unary", "bidi" })
        {
            var call = await Mesh.Client().CallAsync(new CallRequest { Kind = "grpc", Target = $"{Web}:82", Rpc = rpc });
            Assert.True(call.Ok, call.Error);
        }
        Assert.True((await Mesh.Client().CallAsync("websocket", Http)).Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_late_answer_is_not_waited_for_where_another_endpoint_may_be_asked_too()
    {
        var late = await Mesh.AddPodAsync("late");
        try
        {
            await late.ServeAsync("--delay", "1000");
            Mesh.Mesh.Resources.Pod(late, app: "resilient");
            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}");
            await Eventually.TrueAsync("it has its share", async () => (await PodsAsync(4)).Contains("late"));

            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}, hedging: {delay: 50ms, percent: 100}");
            await Eventually.TrueAsync("the other one answers first", async () => !(await PodsAsync(6)).Contains("late"));
            Assert.Equal(["far-meshed"], (await PodsAsync(20)).Distinct());
            Assert.True((await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_http_hedged_total", ("service", "default/resilient"), ("result", "won")) >= 5);
        }
        finally
        {
            await RemoveAsync(late);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task An_EgressPolicy_ends_what_it_forbids()
    {
        var outside = await Mesh.Near.AddPodAsync("outside");
        try
        {
            await outside.ServeAsync();
            Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{outside.V4}:9000", Token = "out" })).Ok);
            Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{Web}:90", Token = "in" })).Ok);
            var slow = Mesh.Client().ExecAsync("sh", "-c", $"curl -sS -o /dev/null -w '%{{http_code}}' 'http://{outside.V4}:8080/?delay=20000' || true");
            await Task.Delay(500);
            Mesh.Mesh.Resources.Write("policy", """
                {apiVersion: nodemesh.io/v1alpha1, kind: EgressPolicy, metadata: {name: policy, namespace: default}, spec: {
                  targetRefs: [{kind: Namespace, name: default}], allow: [{hosts: [shop.example]}]}}
                """);

            await Eventually.EqualAsync("the connection is reset", false, async () => (await Mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "out" })).Ok);
            Assert.Equal("000", (await slow).Trim());
            Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "in" })).Ok);
            Assert.True((await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_egress_violations_total", ("policy", "default/policy"), ("action", "refused")) >= 2);
        }
        finally
        {
            await outside.DisposeAsync();
        }
    }
}
