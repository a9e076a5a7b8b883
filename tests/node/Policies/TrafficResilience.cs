using System.Net;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>Timeouts, limits and the choice of endpoints by TrafficPolicy and XBackendTrafficPolicy, with failures that are real.</summary>
[Collection("ebpf")]
public sealed class TrafficResilience(EbpfMesh mesh) : IAsyncLifetime
{
    private const string Web = "10.96.0.64";
    private const string Http = Web + ":80";

    public async ValueTask InitializeAsync()
    {
        mesh.Mesh.Resources.Pod(mesh.Server(isNear: false), app: "resilient");
        mesh.Mesh.Resources.Service("resilient", "resilient", [IPAddress.Parse(Web)], "name: http, port: 80, targetPort: 8080", "name: raw, port: 90, targetPort: 9000", "name: grpc, port: 82, targetPort: 8082");
        await Eventually.HoldsAsync("the Service answers", () => CallAsync(), result => result.Ok);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in new[] { "policy", "route", "service-resilient" })
        {
            mesh.Mesh.Resources.Delete(name);
        }
        mesh.Mesh.Resources.Pod(mesh.Server(isNear: false));
        await Eventually.TrueAsync("nothing is left of it", async () => !(await mesh.Near.Agent.GetAsync("/config")).Contains("resilient", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_endpoint_behind_a_firewall_costs_the_connect_timeout_and_not_more()
    {
        var deaf = await mesh.AddPodAsync("deaf", enrolled: false, app: "resilient");
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

    [Fact(Timeout = 60_000)]
    public async Task What_stands_still_is_ended()
    {
        Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{Web}:90", Token = "old" })).Ok);
        await PolicyAsync("timeouts: {idle: 500ms}");
        var silent = await Eventually.HoldsAsync("an answer that does not come is not waited for", () => CallAsync("/?delay=5000"), result => !result.Ok);
        Assert.Equal((504, "timeout_idle"), (silent.Status, silent.Headers!["nodemesh-error"]));
        Assert.True((await CallAsync("/?delay=100")).Ok);

        Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{Web}:90", Token = "idle" })).Ok);
        Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "idle" })).Ok);
        await Eventually.TrueAsync("the idle connection is counted as ended", async () =>
            (await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_tcp_connections_closed_total", ("reason", "timeout_idle")) >= 1);
        Assert.False((await mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "idle" })).Ok);
        // One from before has what counted then.
        Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "old" })).Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task Over_the_limit_one_waits_and_one_is_refused()
    {
        await PolicyAsync("circuitBreaker: {maxRequests: 1, maxPendingRequests: 1}");

        await Eventually.TrueAsync("of three at a time", async () =>
        {
            // Each at its own client: one client makes one call after another.
            var results = await mesh.Client().ExecAsync("sh", "-c", $"for i in 1 2 3; do curl -sS -o /dev/null -w '%{{http_code}} %header{{nodemesh-error}}\\n' 'http://{Http}/?delay=700' & done; wait");
            return results.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim()).Order().SequenceEqual(["200", "200", "503 circuit_open"]);
        }, TimeSpan.FromSeconds(20));
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_a_connection_left_a_request_waits_or_is_refused_and_a_connection_is_reset()
    {
        await PolicyAsync("circuitBreaker: {maxConnections: 1, maxPendingRequests: 1}");
        await Eventually.TrueAsync("of three requests at a time one waits and one is refused", async () =>
        {
            var results = await mesh.Client().ExecAsync("sh", "-c", $"for i in 1 2 3; do curl -sS -o /dev/null -w '%{{http_code}} %header{{nodemesh-error}}\\n' 'http://{Http}/?delay=700' & done; wait");
            return results.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim()).Order().SequenceEqual(["200", "200", "503 circuit_open"]);
        }, TimeSpan.FromSeconds(20));

        Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{Web}:90", Token = "only" })).Ok);
        Assert.Equal("ConnectionReset", (await mesh.Client().CallAsync("opaque", $"{Web}:90")).Error);
        Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "drop", Token = "only" })).Ok);
        await Eventually.HoldsAsync("there is room again", () => mesh.Client().CallAsync("opaque", $"{Web}:90"), result => result.Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task Servers_are_spoken_to_in_the_policys_version_of_HTTP_and_gRPC_as_ever()
    {
        await PolicyAsync("upstreamProtocol: HTTP1");

        var result = await Eventually.HoldsAsync("HTTP/2 becomes HTTP/1.1", () => mesh.Client().CallAsync("h2c", Http), answer => answer.Server?.Protocol == "HTTP/1.1");

        Assert.Equal((true, "HTTP/2.0"), (result.Ok, result.Protocol));
        foreach (var rpc in new[] { "unary", "bidi" })
        {
            var call = await mesh.Client().CallAsync(new CallRequest { Kind = "grpc", Target = $"{Web}:82", Rpc = rpc });
            Assert.True(call.Ok, call.Error);
        }
        Assert.True((await mesh.Client().CallAsync("websocket", Http)).Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task Near_endpoints_come_first_but_for_the_sessions_of_others()
    {
        var near = await mesh.AddPodAsync("neighbour");
        try
        {
            await near.ServeAsync();
            mesh.Mesh.Resources.Pod(near, app: "resilient");
            mesh.Mesh.Resources.Write("session", """
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
                var result = await mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = Http, Headers = [$"Cookie: a=b; {cookie}"] });
                Assert.Equal(("far-meshed", false), (result.Server?.Pod, result.Headers!.ContainsKey("set-cookie")));
            }
        }
        finally
        {
            mesh.Mesh.Resources.Delete("session");
            await RemoveAsync(near);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_server_that_fails_is_not_buried_under_retries()
    {
        var nginx = await NginxAsync("broken", "location / { return 500 \"broken\"; }");
        try
        {
            mesh.Mesh.Resources.Pod(mesh.Server(isNear: false));
            Retries("codes: [500], attempts: 3, backoff: 1ms");
            await Eventually.HoldsAsync("all fail", () => CallAsync(), result => result.Status == 500);
            var before = await RetriesAsync();
            mesh.Mesh.Resources.Write("policy", """
                {apiVersion: gateway.networking.x-k8s.io/v1alpha1, kind: XBackendTrafficPolicy, metadata: {name: policy, namespace: default}, spec: {
                  targetRefs: [{group: "", kind: Service, name: resilient}], retryConstraint: {budget: {percent: 10, interval: 1h}, minRetryRate: {count: 1, interval: 1h}}}}
                """);
            var refused = await Eventually.HoldsAsync("the budget is spent", () => CallAsync(), result => result.Status == 503);
            Assert.Equal("retry_budget", refused.Headers!["nodemesh-error"]);

            var spent = await RetriesAsync();
            await TimesAsync(60);
            Assert.InRange(await RetriesAsync() - spent, 3, 12); // a tenth of the 60, and then some
            Assert.True(spent > before || before > 0);
            Assert.True((await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_http_retries_refused_total", ("limit", "retry_budget")) > 0);
        }
        finally
        {
            await RemoveAsync(nginx);
        }

        async Task<double> RetriesAsync() => (await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_http_retries_total", ("route", "default/resilient"));
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
            await File.WriteAllTextAsync($"{Home("ill")}/z", "well");
            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}, healthCheck: {interval: 200ms, unhealthyThreshold: 2, http: {path: /health/z}}");
            await Eventually.TrueAsync("it is well", async () => (await PodsAsync(6)).Contains("ill") && await ChecksAsync("passed") > 2);

            File.Delete($"{Home("ill")}/z");
            await Eventually.TrueAsync("it gets nothing", async () => !(await PodsAsync(6)).Contains("ill"));
            Assert.DoesNotContain("ill", await PodsAsync(40));
            Assert.Equal(1, (await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_unhealthy_endpoints", ("service", "default/resilient")));
            Assert.True(await ChecksAsync("failed") >= 2);
            // No pod of the other node uses the Service: it asks nobody.
            Assert.Equal(0, (await mesh.Far.Agent.ScrapeAsync()).Sum("nodemesh_health_checks_total", ("service", "default/resilient")));

            await File.WriteAllTextAsync($"{Home("ill")}/z", "well again");
            await Eventually.TrueAsync("it is used again", async () => (await PodsAsync(6)).Contains("ill"));
        }
        finally
        {
            await RemoveAsync(nginx);
        }

        async Task<double> ChecksAsync(string result) => (await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_health_checks_total", ("service", "default/resilient"), ("result", result));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_endpoint_that_says_over_gRPC_that_it_does_not_serve_gets_nothing()
    {
        var file = $"{Directory.CreateDirectory(Home("idle")).FullName}/serves";
        await File.WriteAllTextAsync(file, "");
        var idle = await mesh.AddPodAsync("idle");
        try
        {
            await idle.ServeAsync("--health", file);
            mesh.Mesh.Resources.Pod(idle, app: "resilient");
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
    public async Task A_late_answer_is_not_waited_for_where_another_endpoint_may_be_asked_too()
    {
        var late = await mesh.AddPodAsync("late");
        try
        {
            await late.ServeAsync("--delay", "1000");
            mesh.Mesh.Resources.Pod(late, app: "resilient");
            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}");
            await Eventually.TrueAsync("it has its share", async () => (await PodsAsync(4)).Contains("late"));

            await PolicyAsync("loadBalancing: {algorithm: RoundRobin}, hedging: {delay: 50ms, percent: 100}");
            await Eventually.TrueAsync("the other one answers first", async () => !(await PodsAsync(6)).Contains("late"));
            Assert.Equal(["far-meshed"], (await PodsAsync(20)).Distinct());
            Assert.True((await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_http_hedged_total", ("service", "default/resilient"), ("result", "won")) >= 5);
        }
        finally
        {
            await RemoveAsync(late);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task An_endpoint_that_does_worse_than_the_others_is_spared()
    {
        var worse = await NginxAsync("worse", "location / { add_header X-Pod worse always; if ($arg_n ~ [02468]$) { return 500 bad; } return 200 good; }");
        try
        {
            await PolicyAsync("loadBalancing: {algorithm: Random}");
            await Eventually.TrueAsync("it has its share", async () => (await PodsAsync(10)).Contains("worse"));

            await PolicyAsync(
                "loadBalancing: {algorithm: Random}, outlierDetection: {baseEjectionTime: 5m, successRate: {interval: 500ms, minimumEndpoints: 2, minimumRequests: 20, standardDeviations: 0.5}}");
            await Eventually.TrueAsync("it is spared", async () => !(await PodsAsync(80)).Contains("worse"), TimeSpan.FromSeconds(20));
            Assert.Equal(["far-meshed"], (await PodsAsync(80)).Distinct());
        }
        finally
        {
            await RemoveAsync(worse);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task An_EgressPolicy_ends_what_it_forbids()
    {
        var outside = await mesh.Near.AddPodAsync("outside");
        try
        {
            await outside.ServeAsync();
            Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{outside.V4}:9000", Token = "out" })).Ok);
            Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "open", Target = $"{Web}:90", Token = "in" })).Ok);
            var slow = mesh.Client().ExecAsync("sh", "-c", $"curl -sS -o /dev/null -w '%{{http_code}}' 'http://{outside.V4}:8080/?delay=20000' || true");
            await Task.Delay(500);
            mesh.Mesh.Resources.Write("policy", """
                {apiVersion: nodemesh.io/v1alpha1, kind: EgressPolicy, metadata: {name: policy, namespace: default}, spec: {
                  targetRefs: [{kind: Namespace, name: default}], allow: [{hosts: [shop.example]}]}}
                """);

            await Eventually.EqualAsync("the connection is reset", false, async () => (await mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "out" })).Ok);
            Assert.Equal("000", (await slow).Trim());
            Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "send", Token = "in" })).Ok);
            Assert.True((await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_egress_violations_total", ("policy", "default/policy"), ("action", "refused")) >= 2);
        }
        finally
        {
            await outside.DisposeAsync();
        }
    }

    private Task<CallResult> CallAsync(string path = "/") => mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = Http, Path = path });

    private async Task<List<CallResult>> TimesAsync(int count)
    {
        var results = new List<CallResult>();
        for (var i = 0; i < count; i++)
        {
            results.Add(await CallAsync());
        }
        return results;
    }

    private async Task<List<string>> PodsAsync(int count) =>
        [.. (await mesh.Client().ExecAsync("curl", "-sS", "-o", "/dev/null", "-w", "%header{x-pod}\\n", $"http://{Http}/?n=[1-{count}]")).Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    private async Task PolicyAsync(string spec)
    {
        mesh.Mesh.Resources.Write("policy", $$"""
            apiVersion: nodemesh.io/v1alpha1
            kind: TrafficPolicy
            metadata: {name: policy, namespace: default}
            spec: {targetRefs: [{kind: Service, name: resilient}], {{spec}} }
            """);
        await Eventually.TrueAsync("the policy is in force", async () => (await mesh.Near.Agent.GetAsync("/policies")).Contains("\"Accepted\"", StringComparison.Ordinal));
        await mesh.Near.Agent.ReadyAsync();
    }

    private void Retries(string retry) => mesh.Mesh.Resources.Write("route", $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: resilient, namespace: default}
        spec: {parentRefs: [{group: "", kind: Service, name: resilient, port: 80}], rules: [{backendRefs: [{name: resilient, port: 80}], retry: { {{retry}} } }] }
        """);

    private string Home(string name) => $"{TestRun.Directory}/{mesh.Mesh.Name}/{name}";

    private async Task<TestPod> NginxAsync(string name, string locations)
    {
        var home = Directory.CreateDirectory(Home(name)).FullName;
        await File.WriteAllTextAsync($"{home}/nginx.conf", $$"""
            daemon off;
            worker_processes 1;
            user root;
            pid {{home}}/pid;
            error_log stderr;
            events {}
            http { access_log off; server { listen 8080; {{locations.Replace("{home}", home, StringComparison.Ordinal)}} } }
            """);
        // It serves before the Service knows of it.
        var pod = await mesh.Near.AddPodAsync(name);
        await pod.StartAsync(8080, "nginx", "-c", $"{home}/nginx.conf");
        mesh.Mesh.Resources.Pod(pod, app: "resilient");
        await mesh.Near.Agent.CapturedAsync(pod);
        return pod;
    }

    private Task RemoveAsync(TestPod pod) => mesh.RemovePodAsync(pod);
}
