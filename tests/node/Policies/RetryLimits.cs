using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>How much of a Service's traffic may be retries, by TrafficPolicy and XBackendTrafficPolicy.</summary>
[Collection("ebpf")]
public sealed class RetryLimits(EbpfMesh mesh) : ResilientService(mesh)
{
    private static readonly (string, string) ByRoute = ("route", "default/resilient");

    [Fact(Timeout = 60_000)]
    public async Task No_more_requests_are_tried_again_at_a_time_than_may_be()
    {
        var nginx = await NginxAsync("broken", "location / { return 500 \"broken\"; }");
        try
        {
            Mesh.Mesh.Resources.Pod(Mesh.Server(isNear: false));
            Retries("codes: [500], attempts: 1, backoff: 10m");
            await PolicyAsync("circuitBreaker: {maxRetries: 2}, upstreamProtocol: HTTP1");
            await Mesh.Near.Agent.AppliesAsync("\"maxRetries\": 2");
            await Mesh.Near.Agent.AppliesAsync("\"backoffMilliseconds\": 600000");

            await using (var client = Mesh.Client().UnprivilegedClient())
            {
                // Two wait for the time of their retry; none of the others may. Over HTTP/2, where a client that goes is not taken for one that has asked all it wants.
                var calls = Enumerable.Range(0, 8).Select(_ => client.CallAsync(new CallRequest { Kind = "h2c", Target = Http, TimeoutMilliseconds = 50_000 })).ToList();
                await Eventually.EqualAsync("answered", 6, () => Task.FromResult(calls.Count(call => call.IsCompleted)));
                Assert.All(await Task.WhenAll(calls.Where(call => call.IsCompleted)), result => Assert.Equal(500, result.Status));

                var refused = await RefusedAsync();
                Assert.Equal(["500"], (await CrowdAsync(60)).Distinct());
                Assert.Equal(60, await RefusedAsync() - refused);
                Assert.Equal(6, calls.Count(call => call.IsCompleted));
            }
            await Eventually.HoldsAsync(
                "their places are free", () => Mesh.Client().CallAsync(new CallRequest { Kind = "h2c", Target = Http, TimeoutMilliseconds = 500 }), result => result.Error == "TimedOut");
        }
        finally
        {
            await RemoveAsync(nginx);
        }

        Task<double> RefusedAsync() => CountAsync("nodemesh_http_retries_refused_total", ByRoute, ("limit", "max_retries"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Under_load_a_server_that_fails_is_not_buried_under_retries()
    {
        var nginx = await NginxAsync("broken", "location / { return 500 \"broken\"; }");
        try
        {
            Mesh.Mesh.Resources.Pod(Mesh.Server(isNear: false));
            Retries("codes: [500], attempts: 3, backoff: 1ms");
            await Eventually.HoldsAsync("all fail", () => CallAsync(), result => result.Status == 500);
            var before = await CountAsync("nodemesh_http_retries_total", ByRoute);
            Mesh.Mesh.Resources.Write("policy", """
                {apiVersion: gateway.networking.x-k8s.io/v1alpha1, kind: XBackendTrafficPolicy, metadata: {name: policy, namespace: default}, spec: {
                  targetRefs: [{group: "", kind: Service, name: resilient}], retryConstraint: {budget: {percent: 10, interval: 1h}, minRetryRate: {count: 1, interval: 1h}}}}
                """);
            var refused = await Eventually.HoldsAsync("the budget is spent", () => CallAsync(), result => result.Status == 503);
            Assert.Equal("retry_budget", refused.Headers!["nodemesh-error"]);

            var spent = await CountAsync("nodemesh_http_retries_total", ByRoute);
            await CrowdAsync(200);
            Assert.InRange(await CountAsync("nodemesh_http_retries_total", ByRoute) - spent, 15, 35); // a tenth of all that is sent
            Assert.True(spent > before || before > 0);
            Assert.True(await CountAsync("nodemesh_http_retries_refused_total", ByRoute, ("limit", "retry_budget")) > 0);
        }
        finally
        {
            await RemoveAsync(nginx);
        }
    }
}
