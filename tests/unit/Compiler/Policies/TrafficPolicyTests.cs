using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Compiler.Policies.PolicyYaml;

namespace NodeMesh.UnitTests.Compiler.Policies;

/// <summary>TrafficPolicy and XBackendTrafficPolicy, from YAML to what the proxy is told.</summary>
public class TrafficPolicyTests
{
    [Fact]
    public void What_is_written_arrives_and_what_is_not_has_the_documented_values()
    {
        var rules = Compile(Policy("TrafficPolicy", """
            loadBalancing: {slowStart: {window: 30s}}, circuitBreaker: {maxRequests: 9, maxPendingRequests: 8, maxRetries: 7},
            timeouts: {connect: 1s, idle: 5m, keepAlive: 30s}, upstreamProtocol: HTTP2, outlierDetection: {successRate: {standardDeviations: 2.5}},
            healthCheck: {grpc: {service: shop.Web}}, hedging: {delay: 200ms}
            """)).Scope("shop/web").Traffic;

        Assert.Equal((30_000u, 9u, 8u, 7u, true), (rules.SlowStartMilliseconds, rules.MaxRequests, rules.MaxPendingRequests, rules.MaxRetries, rules.Http2));
        Assert.Equal(new TrafficTimeouts { ConnectMilliseconds = 1000, IdleMilliseconds = 300_000, KeepAliveMilliseconds = 30_000 }, rules.Timeouts);
        Assert.Equal(new SuccessRateRules { IntervalMilliseconds = 10_000, MinimumEndpoints = 5, MinimumRequests = 100, DeviationThousandths = 2500 }, rules.Outliers.SuccessRate);
        Assert.Equal(
            new HealthCheckRules { IntervalMilliseconds = 10_000, TimeoutMilliseconds = 1000, HealthyThreshold = 2, UnhealthyThreshold = 3, Grpc = new GrpcCheck { Service = "shop.Web" } },
            rules.HealthCheck);
        Assert.Equal(new HedgingRules { DelayMilliseconds = 200, Percent = 10 }, rules.Hedging);
    }

    [Theory]
    [InlineData("circuitBreaker: {maxPendingRequests: 1}", "maxPendingRequests")]
    [InlineData("timeouts: {idle: 0s}", "spec.timeouts.idle")]
    [InlineData("upstreamProtocol: HTTP3", "spec.upstreamProtocol")]
    [InlineData("loadBalancing: {slowStart: {}}", "spec.loadBalancing.slowStart.window")]
    [InlineData("healthCheck: {}", "one of http, grpc and tcp")]
    [InlineData("healthCheck: {tcp: {}, http: {}}", "one of http, grpc and tcp")]
    [InlineData("healthCheck: {http: {path: 'a b'}}", "spec.healthCheck.http.path")]
    [InlineData("hedging: {percent: 5}", "spec.hedging.delay")]
    [InlineData("outlierDetection: {successRate: {standardDeviations: 0}}", "standardDeviations")]
    public void What_makes_no_sense_is_told_by_field(string spec, string field)
    {
        var compilation = Compile(Policy("TrafficPolicy", spec));

        Assert.Contains(field, Assert.Single(compilation.Problems).Message, StringComparison.Ordinal);
        Assert.Empty(compilation.Content.Policies);
    }

    [Theory]
    [InlineData("retryConstraint: {}", 20, 10_000, 10, 1000)]
    [InlineData("retryConstraint: {budget: {percent: 0, interval: 1m}, minRetryRate: {count: 3, interval: 2s}}", 0, 60_000, 3, 2000)]
    public void A_retry_budget_is_the_Services(string spec, int percent, int interval, int count, int least)
    {
        var compilation = Compile(Backend(spec));

        Assert.Empty(compilation.Problems);
        Assert.Equal(
            new RetryBudget { Percent = (uint)percent, IntervalMilliseconds = (uint)interval, MinRetries = (uint)count, MinIntervalMilliseconds = (uint)least },
            compilation.Scope("shop/web").Backend.RetryBudget);
        Assert.True(compilation.Accepted("XBackendTrafficPolicy/shop/p").Status);
    }

    [Theory]
    [InlineData("sessionName: s", "s", false, 0, false)]
    [InlineData("type: Header, absoluteTimeout: 1h", "", true, 3600, false)]
    [InlineData("absoluteTimeout: 90s, cookieConfig: {lifetimeType: Permanent}", "", false, 90, true)]
    public void Sessions_of_a_Service_are_the_backends(string spec, string name, bool byHeader, int timeout, bool permanent)
    {
        var compilation = Compile(Backend($"sessionPersistence: {{{spec}}}"));

        Assert.Empty(compilation.Problems);
        var session = compilation.Scope("shop/web").Backend.SessionPersistence;
        Assert.Equal((byHeader, (uint)timeout, permanent, "/"), (session.ByHeader, session.AbsoluteTimeoutSeconds, session.Permanent, session.Path));
        Assert.True(name.Length > 0 ? session.Name == name : session.Name.StartsWith("nodemesh-session-", StringComparison.Ordinal), session.Name);
        Assert.Null(compilation.Scope("shop/web").Backend.RetryBudget);
    }

    [Theory]
    [InlineData("HTTP1", true, false)]
    [InlineData("HTTP2", false, true)]
    [InlineData("AsClient", false, false)]
    public void The_protocol_of_the_endpoints_is_the_policys(string protocol, bool http1, bool http2)
    {
        var rules = Compile(Policy("TrafficPolicy", $"upstreamProtocol: {protocol}, circuitBreaker: {{maxConnections: 3, maxPendingRequests: 2}}")).Scope("shop/web").Traffic;

        Assert.Equal((http1, http2, 3u, 2u), (rules.Http1, rules.Http2, rules.MaxConnections, rules.MaxPendingRequests));
    }

    [Fact]
    public void What_an_XBackendTrafficPolicy_asks_for_and_does_not_get_is_said()
    {
        var session = Compile(Backend("sessionPersistence: {type: Header, cookieConfig: {lifetimeType: Session}}"));
        var port = Compile(Backend("retryConstraint: {}", "{group: '', kind: Service, name: web, sectionName: http}"));
        var route = Compile(Backend("retryConstraint: {}", ToRoute));

        Assert.Contains(session.Problems, problem => problem.Message.Contains("spec.sessionPersistence.cookieConfig", StringComparison.Ordinal));
        Assert.False(port.Accepted("XBackendTrafficPolicy/shop/p").Status);
        Assert.False(route.Accepted("XBackendTrafficPolicy/shop/p").Status);
    }

    private static string Backend(string spec, string target = "{group: '', kind: Service, name: web}") => $$"""

        ---
        {apiVersion: gateway.networking.x-k8s.io/v1alpha1, kind: XBackendTrafficPolicy, metadata: {name: p, namespace: shop}, spec: {targetRefs: [{{target}}], {{spec}} } }

        """;
}
