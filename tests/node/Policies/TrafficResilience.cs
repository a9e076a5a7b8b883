using System.Net;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>Timeouts, limits and the choice of endpoints by TrafficPolicy and XBackendTrafficPolicy, and what EgressPolicy ends.</summary>
[Collection("ebpf")]
public sealed class TrafficResilience(EbpfMesh mesh) : ResilientService(mesh)
{
    [Fact(Timeout = 60_000)]
    public async Task What_stands_still_is_ended()
    {
        Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{Web}:90", Token = "old" })).Ok);
        await PolicyAsync("timeouts: {idle: 500ms}");
        var silent = await Eventually.HoldsAsync("an answer that does not come is not waited for", () => CallAsync("/?delay=5000"), result => !result.Ok);
        Assert.Equal((504, "timeout_idle"), (silent.Status, silent.Headers!["nodemesh-error"]));
        Assert.True((await CallAsync("/?delay=100")).Ok);

        Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{Web}:90", Token = "idle" })).Ok);
        Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "idle" })).Ok);
        await Eventually.TrueAsync("the idle connection is counted as ended", async () =>
            (await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_tcp_connections_closed_total", ("reason", "timeout_idle")) >= 1);
        Assert.False((await Mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "idle" })).Ok);
        // One from before has what counted then.
        Assert.True((await Mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "old" })).Ok);
    }

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
    public async Task Near_endpoints_come_first_but_for_the_sessions_of_others()
    {
        var near = await Mesh.AddPodAsync("neighbour");
        try
        {
            await near.ServeAsync();
            Mesh.Mesh.Resources.Pod(near, app: "resilient");
            Mesh.Mesh.Resources.Write("session", """
                {apiVersion: gateway.networking.x-k8s.io/v1alpha1, kind: XBackendTrafficPolicy, metadata: {name: session, namespace: default}, spec: {
                  targetRefs: [{group: "", kind: Service, name: resilient}], sessionPersistence: {sessionName: seat}}}
                """);
            var far = await Eventually.HoldsAsync("a session begins on the other node", () => CallAsync(), result =>
                result.Server?.Pod == "far-meshed" && result.Headers!.GetValueOrDefault("set-cookie")?.StartsWith("seat=", StringComparison.Ordinal) == true);
            var cookie = far.Headers!["set-cookie"].Split(';')[0];

            await PolicyAsync("loadBalancing: {algorithm: RoundRobin, locality: PreferNode}");
            await Eventually.TrueAsync("the neighbour has everything", async () => (await PodsAsync(10)).All(pod => pod == "neighbour"));
            Assert.Equal(["neighbour"], (await PodsAsync(40)).Distinct());

            for (var turn = 0; turn < 10; turn++)
            {
                var result = await Mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = Http, Headers = [$"Cookie: a=b; {cookie}"] });
                Assert.Equal(("far-meshed", false), (result.Server?.Pod, result.Headers!.ContainsKey("set-cookie")));
            }
        }
        finally
        {
            Mesh.Mesh.Resources.Delete("session");
            await RemoveAsync(near);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_server_that_fails_is_not_buried_under_retries()
    {
        var nginx = await NginxAsync("broken", "location / { return 500 \"broken\"; }");
        try
        {
            Mesh.Mesh.Resources.Pod(Mesh.Server(isNear: false));
            Retries("codes: [500], attempts: 3, backoff: 1ms");
            await Eventually.HoldsAsync("all fail", () => CallAsync(), result => result.Status == 500);
            var before = await RetriesAsync();
            Mesh.Mesh.Resources.Write("policy", """
                {apiVersion: gateway.networking.x-k8s.io/v1alpha1, kind: XBackendTrafficPolicy, metadata: {name: policy, namespace: default}, spec: {
                  targetRefs: [{group: "", kind: Service, name: resilient}], retryConstraint: {budget: {percent: 10, interval: 1h}, minRetryRate: {count: 1, interval: 1h}}}}
                """);
            var refused = await Eventually.HoldsAsync("the budget is spent", () => CallAsync(), result => result.Status == 503);
            Assert.Equal("retry_budget", refused.Headers!["nodemesh-error"]);

            var spent = await RetriesAsync();
            await TimesAsync(60);
            Assert.InRange(await RetriesAsync() - spent, 3, 12); // a tenth of the 60, and then some
            Assert.True(spent > before || before > 0);
            Assert.True((await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_http_retries_refused_total", ("limit", "retry_budget")) > 0);
        }
        finally
        {
            await RemoveAsync(nginx);
        }

        async Task<double> RetriesAsync() => (await Mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_http_retries_total", ("route", "default/resilient"));
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
