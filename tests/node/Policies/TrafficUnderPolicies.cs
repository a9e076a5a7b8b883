using System.Net;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>Policies of group nodemesh.io on real traffic: on one node in one traversal, from another node, and from pods outside the mesh.</summary>
public abstract class TrafficUnderPolicies(SharedMesh mesh) : IAsyncLifetime
{
    private const string Guarded = "10.96.0.60";
    private const string Http = Guarded + ":80";
    private const string ToGuarded = "{kind: Service, name: guarded}";
    private const string ByClients = "from: [{workloads: [meshed-client, plain-client]}]";

    private static string Reset => "ConnectionReset";

    public async ValueTask InitializeAsync()
    {
        foreach (var isNear in new[] { true, false })
        {
            mesh.Mesh.Resources.Pod(mesh.Server(isNear: isNear), app: "guarded");
        }
        mesh.Mesh.Resources.Service(
            "guarded", "guarded", [IPAddress.Parse(Guarded)],
            "name: http, port: 80, targetPort: 8080", "name: grpc, port: 82, targetPort: 8082", "name: raw, port: 90, targetPort: 9000", "name: tcp-http, port: 8000, targetPort: 8080, appProtocol: tcp");
        await UntilAsync(mesh.Client(), "http", Http, result => result.Ok);
    }

    public async ValueTask DisposeAsync()
    {
        mesh.Mesh.Resources.Delete("policy");
        mesh.Mesh.Resources.Delete("route-guarded");
        mesh.Mesh.Resources.Delete("service-guarded");
        foreach (var isNear in new[] { true, false })
        {
            mesh.Mesh.Resources.Pod(mesh.Server(isNear: isNear));
        }
        foreach (var isNear in new[] { true, false })
        {
            await UntilAsync(mesh.Client(), "http", $"{mesh.Server(isNear: isNear).V4}:8080", result => result.Ok);
        }
    }

    [Theory(Timeout = 60_000)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Who_is_denied_is_told_so_in_the_words_of_the_protocol(bool meshed, bool isNear)
    {
        Policy("AuthorizationPolicy", $"action: Deny, rules: [{{{ByClients}}}]");
        var client = mesh.Client(meshed);
        var server = mesh.Server(isNear: isNear).V4;

        var http = await UntilAsync(client, "http", $"{server}:8080", result => result.Status == 403);
        Assert.Equal("denied", http.Headers!["nodemesh-error"]);
        var grpc = await client.CallAsync("grpc", $"{server}:8082");
        Assert.Contains("PermissionDenied", grpc.Error, StringComparison.Ordinal);
        var opaque = await client.CallAsync("opaque", $"{server}:9000");
        Assert.Equal(Reset, opaque.Error);

        mesh.Mesh.Resources.Delete("policy");
        await UntilAsync(client, "opaque", $"{server}:9000", result => result.Ok);
        Assert.True((await client.CallAsync("http", $"{server}:8080")).Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_no_policy_allows_is_denied_as_soon_as_one_allows_something()
    {
        Policy("AuthorizationPolicy", "action: Allow, rules: [{to: [{ports: [8080], methods: [GET], paths: [{value: /open}]}]}, {to: [{ports: [8082]}]}]");
        await UntilAsync(mesh.Client(), "http", Http, result => result.Status == 403);

        Assert.True((await CallAsync("/open/x", "GET")).Ok);
        Assert.Equal(403, (await CallAsync("/open/../closed", "GET")).Status);
        Assert.Equal(403, (await CallAsync("/open", "POST")).Status);
        Assert.True((await mesh.Client().CallAsync("grpc", $"{Guarded}:82")).Ok);
        Assert.Equal(Reset, (await mesh.Client().CallAsync("opaque", $"{Guarded}:90")).Error);
        // The port is allowed for requests alone, and these bytes are none.
        Assert.False((await mesh.Client().CallAsync("http", $"{Guarded}:8000")).Ok);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_policy_ends_a_connection_that_it_forbids_and_no_other(bool meshed, bool isNear)
    {
        var client = mesh.Client(meshed);
        var token = $"{meshed}-{isNear}-{mesh.Mesh.Capture}";
        var server = mesh.Server(isNear: isNear).V4;
        await UntilAsync(client, "opaque", $"{server}:9000", result => result.Ok);
        Assert.True((await client.CallAsync(new CallRequest { Kind = "open", Target = $"{server}:9000", Token = token })).Ok);

        Policy("AuthorizationPolicy", "action: Deny, rules: [{to: [{ports: [8080]}]}]");
        await UntilAsync(client, "http", $"{server}:8080", result => result.Status == 403);
        Assert.True((await client.CallAsync(new CallRequest { Kind = "send", Token = token })).Ok);

        Policy("AuthorizationPolicy", $"action: Deny, rules: [{{{ByClients}, to: [{{ports: [9000]}}]}}]");
        await Eventually.EqualAsync("the connection is reset", Reset, async () => (await client.CallAsync(new CallRequest { Kind = "send", Token = token })).Error ?? "");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_policy_ends_a_request_under_way_that_it_forbids()
    {
        var target = $"{mesh.Server().V4}:8080";
        var load = mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = target, Path = "/?delay=8000", TimeoutMilliseconds = 9_000 });
        await Task.Delay(300);
        Policy("AuthorizationPolicy", $"action: Deny, rules: [{{{ByClients}}}]");

        var result = await load;

        Assert.False(result.Ok);
        Assert.True(result.Milliseconds < 8_000, $"it went on for {result.Milliseconds} ms");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_policy_on_a_rule_of_a_route_counts_for_what_goes_by_that_rule_alone()
    {
        mesh.Mesh.Resources.Write("route-guarded", """
            {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: guarded, namespace: default}, spec: {
              parentRefs: [{group: '', kind: Service, name: guarded, port: 80}], rules: [
                {name: open, matches: [{path: {value: /open}}], backendRefs: [{name: guarded, port: 80}]},
                {name: closed, backendRefs: [{name: guarded, port: 80}]}]}}
            ---
            {apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: guarded, namespace: default}, spec: {
              parentRefs: [{group: '', kind: Service, name: guarded, port: 82}], rules: [{name: closed, backendRefs: [{name: guarded, port: 82}]}]}}
            """);
        await Eventually.TrueAsync("the routes are compiled", async () => (await mesh.Near.Agent.GetAsync("/routes")).Split("\"Accepted\"").Length > 4);
        await mesh.Near.Agent.ReadyAsync();
        var slow = mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = Http, Path = "/closed?delay=8000", TimeoutMilliseconds = 9_000 });
        await Task.Delay(300);
        RoutePolicy("HTTPRoute");

        var refused = await Eventually.HoldsAsync("the rule is closed", () => CallAsync("/closed", "GET"), result => result.Status == 403);
        Assert.Equal("denied", refused.Headers!["nodemesh-error"]);
        Assert.True((await slow) is { Ok: false, Milliseconds: < 8_000 });
        Assert.True((await CallAsync("/open", "GET")).Ok);
        Assert.True((await mesh.Client().CallAsync("grpc", $"{Guarded}:82")).Ok);
        Assert.True((await mesh.Client().CallAsync("http", $"{mesh.Server().V4}:8080")).Ok);

        // A call under way when the policy comes is reset; those after it are told.
        RoutePolicy("GRPCRoute");
        await UntilAsync(mesh.Client(), "grpc", $"{Guarded}:82", result => result.Error?.Contains("PermissionDenied", StringComparison.Ordinal) == true);
        Assert.True((await CallAsync("/closed", "GET")).Ok);

        void RoutePolicy(string kind) => mesh.Mesh.Resources.Write("policy", $$"""
            {apiVersion: nodemesh.io/v1alpha1, kind: AuthorizationPolicy, metadata: {name: policy, namespace: default}, spec: {
              targetRefs: [{group: gateway.networking.k8s.io, kind: {{kind}}, name: guarded, sectionName: closed}], action: Deny, rules: [ { {{ByClients}} } ] } }
            """);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_audit_lets_pass_and_counts()
    {
        Policy("AuthorizationPolicy", "action: Audit, rules: [{to: [{ports: [8080]}]}]");

        await Eventually.TrueAsync("the audit is counted", async () =>
        {
            Assert.True((await mesh.Client().CallAsync("http", $"{mesh.Server().V4}:8080")).Ok);
            return (await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_authorization_audited_total", ("policy", "default/policy")) > 0;
        });
    }

    [Fact(Timeout = 60_000)]
    public async Task Over_the_limit_is_429_with_the_time_to_wait()
    {
        Policy("RateLimitPolicy", "limits: [{name: few, requests: 2, per: 1h, burst: 2, by: [{type: ClientWorkload}], matches: [{path: {value: /limited}}]}]");

        var refused = await Eventually.HoldsAsync("the limit is reached", () => CallAsync("/limited", "GET"), result => result.Status == 429);

        Assert.Equal("rate_limited", refused.Headers!["nodemesh-error"]);
        Assert.InRange(int.Parse(refused.Headers["retry-after"]), 1, 1800);
        Assert.Equal("\"few\";q=2;w=3600", refused.Headers["ratelimit-policy"]);
        Assert.StartsWith("\"few\";r=0;t=", refused.Headers["ratelimit"], StringComparison.Ordinal);
        Assert.True((await CallAsync("/unlimited", "GET")).Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task Over_the_limit_is_RESOURCE_EXHAUSTED_for_gRPC()
    {
        Policy("RateLimitPolicy", "limits: [{name: few, requests: 1, per: 1h}]");

        var refused = await UntilAsync(mesh.Client(), "grpc", $"{Guarded}:82", result => !result.Ok);

        Assert.Contains("ResourceExhausted", refused.Error, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_fault_delays_and_aborts_what_it_is_for()
    {
        Policy("FaultPolicy", "faults: [{matches: [{path: {value: /slow}}], delay: 500ms}, {matches: [{headers: [{name: x-fail, value: 'yes'}]}], abort: {httpStatus: 418}}, {matches: [{path: {value: /gone}}], abort: {reset: true}}]");

        var aborted = await Eventually.HoldsAsync("the fault is in force", () => CallAsync("/", "GET", "x-fail: yes"), result => result.Status == 418);

        Assert.Equal("fault_injected", aborted.Headers!["nodemesh-error"]);
        Assert.True((await CallAsync("/", "GET", "x-fail: no")).Ok);
        var slow = await CallAsync("/slow", "GET");
        // A timer may ring a moment before the client's clock says so.
        Assert.True(slow is { Ok: true, Milliseconds: >= 490 }, $"{slow.Status} after {slow.Milliseconds} ms");
        Assert.False((await CallAsync("/gone", "GET")).Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_fault_aborts_gRPC_with_its_status_and_resets_what_is_no_HTTP()
    {
        Policy("FaultPolicy", "faults: [{abort: {grpcStatus: 9}}]");
        var grpc = await UntilAsync(mesh.Client(), "grpc", $"{Guarded}:82", result => !result.Ok);
        Assert.Contains("FailedPrecondition", grpc.Error, StringComparison.Ordinal);

        Policy("FaultPolicy", "faults: [{abort: {reset: true}}]");
        var opaque = await UntilAsync(mesh.Client(), "opaque", $"{Guarded}:90", result => !result.Ok);
        Assert.Equal(Reset, opaque.Error);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_circuit_opens_at_its_limit_and_closes_again()
    {
        Policy("TrafficPolicy", "circuitBreaker: {maxRequests: 1}");
        await Eventually.TrueAsync("the circuit is open while a request is slow", async () =>
        {
            var slow = CallAsync("/?delay=1000", "GET");
            await Task.Delay(200);
            var refused = await CallAsync("/", "GET");
            await slow;
            return refused.Status == 503 && refused.Headers!["nodemesh-error"] == "circuit_open";
        });

        Assert.True((await CallAsync("/", "GET")).Ok);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_endpoint_that_was_killed_is_spared()
    {
        var victim = await mesh.AddPodAsync("victim", app: "guarded");
        try
        {
            var server = await victim.ServeAsync();
            Policy("TrafficPolicy", "loadBalancing: {algorithm: RoundRobin}, outlierDetection: {consecutiveErrors: 2, baseEjectionTime: 5m}");
            await Eventually.HoldsAsync("the victim has its turn", () => CallAsync("/", "GET"), result => result.Server?.Pod == "victim", TimeSpan.FromSeconds(20));
            await victim.StopAsync(server);
            await Eventually.HoldsAsync("thirty in a row go well", FirstFailureAsync, failure => failure is null, TimeSpan.FromSeconds(30));
        }
        finally
        {
            await mesh.RemovePodAsync(victim);
        }

        async Task<string?> FirstFailureAsync()
        {
            for (var i = 0; i < 30; i++)
            {
                if (await CallAsync("/", "GET") is { Ok: false } failed)
                {
                    return $"request {i}: {failed.Error} after {failed.Milliseconds} ms, {string.Join(", ", failed.Headers ?? [])}";
                }
            }
            return null;
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Requests_with_one_key_go_to_one_pod()
    {
        Policy("TrafficPolicy", "loadBalancing: {algorithm: ConsistentHash, consistentHash: {header: x-user}}");
        await mesh.Near.Agent.AppliesAsync("\"header\": \"x-user\"");

        var pods = new HashSet<string>();
        for (var user = 0; user < 20; user++)
        {
            var own = await PodsAsync($"x-user: {user}");
            Assert.Single(own);
            pods.UnionWith(own);
        }
        Assert.Equal(["far-meshed", "near-meshed"], pods.Order());

        async Task<HashSet<string>> PodsAsync(string header)
        {
            var seen = new HashSet<string>();
            for (var i = 0; i < 6; i++)
            {
                seen.Add((await CallAsync("/", "GET", header)).Server!.Pod);
            }
            return seen;
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task What_no_policy_lets_leave_the_mesh_stays()
    {
        // No resource tells of it: to the mesh it is somewhere outside.
        var outside = await mesh.Near.AddPodAsync("outside");
        try
        {
            await outside.ServeAsync();
            Assert.True((await mesh.Client().CallAsync("http", $"{outside.V4}:8080")).Ok);
            mesh.Mesh.Resources.Write("policy", """
                {apiVersion: nodemesh.io/v1alpha1, kind: EgressPolicy, metadata: {name: policy, namespace: default}, spec: {
                  targetRefs: [{kind: Namespace, name: default}], allow: [{hosts: [shop.example, '*.api.example']}]}}
                """);

            var refused = await UntilAsync(mesh.Client(), "http", $"{outside.V4}:8080", result => result.Status == 403);
            Assert.Equal("denied", refused.Headers!["nodemesh-error"]);
            Assert.Equal(Reset, (await mesh.Client().CallAsync("opaque", $"{outside.V4}:9000")).Error);
            Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = $"{outside.V4}:8080", Host = "shop.example:8080" })).Ok);
            Assert.True((await mesh.Client().CallAsync(new CallRequest { Kind = "tls", Target = $"{outside.V4}:8443", Sni = "a.api.example" })).Ok);
            Assert.False((await mesh.Client().CallAsync(new CallRequest { Kind = "tls", Target = $"{outside.V4}:8443", Sni = "api.example" })).Ok);
            Assert.True((await mesh.Client().CallAsync("http", Http)).Ok);
            Assert.True((await mesh.Near.Agent.ScrapeAsync()).Sum("nodemesh_egress_violations_total", ("policy", "default/policy"), ("action", "refused")) >= 3);
        }
        finally
        {
            await outside.DisposeAsync();
        }
    }

    private Task<CallResult> CallAsync(string path, string method, params string[] headers) =>
        mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = Http, Path = path, Method = method, Headers = headers });

    private static Task<CallResult> UntilAsync(TestPod client, string kind, string target, Func<CallResult, bool> holds) =>
        Eventually.HoldsAsync($"{kind} to {target} is as the policy says", () => client.CallAsync(kind, target), holds);

    private void Policy(string kind, string spec) => mesh.Mesh.Resources.Write("policy", $$"""
        apiVersion: nodemesh.io/v1alpha1
        kind: {{kind}}
        metadata: {name: policy, namespace: default}
        spec: {targetRefs: [{{ToGuarded}}], {{spec}} }
        """);
}

[Collection("ebpf")]
public sealed class TrafficUnderPoliciesEbpf(EbpfMesh mesh) : TrafficUnderPolicies(mesh);

[Collection("iptables")]
public sealed class TrafficUnderPoliciesIptables(IptablesMesh mesh) : TrafficUnderPolicies(mesh);
