using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Contract;
using NodeMesh.UnitTests.Resources;
using Xunit;
using static NodeMesh.UnitTests.Compiler.Policies.PolicyYaml;

namespace NodeMesh.UnitTests.Compiler.Policies;

public class TelemetryPolicyTests
{
    private const string Kind = "TelemetryPolicy";

    private const string Collector = """

        ---
        {apiVersion: v1, kind: Service, metadata: {name: otel, namespace: watch}, spec: {clusterIP: 10.96.0.9, ports: [{port: 4317}]}}
        """;

    [Fact]
    public void An_access_log_is_for_the_proxy_as_it_is_written()
    {
        var log = Compile(Policy(Kind, "accessLog: {format: '%PATH%', file: a.log, maxFileSize: 3Mi, filter: {statuses: [404, 5xx], minDuration: 250ms, errorsOnly: true}, percentage: 0.5}")).Scope("shop/web").AccessLog;

        Assert.Equal(
            new AccessLogRules
            {
                Policy = "shop/p", Format = "%PATH%", File = "a.log", MaxFileBytes = 3 << 20, MinDurationMilliseconds = 250, ErrorsOnly = true, PerMillion = 5_000,
                Statuses = { new StatusRange { First = 404, Last = 404 }, new StatusRange { First = 500, Last = 599 } },
            },
            log);
    }

    [Fact]
    public void Everything_is_logged_unless_it_says_less() => Assert.Equal(
        new AccessLogRules { Policy = "shop/p", PerMillion = 1_000_000 }, Compile(Policy(Kind, "accessLog: {}", ToShop)).Scope("shop").AccessLog);

    [Fact]
    public void A_file_has_a_size_unless_it_says_another_and_JSON_the_header_fields_that_are_named() => Assert.Equal(
        new AccessLogRules { Policy = "shop/p", File = "a.log", MaxFileBytes = 100 << 20, RequestHeaders = { "x-user", "x-b" }, ResponseHeaders = { "x-cache" }, PerMillion = 1_000_000 },
        Compile(Policy(Kind, "accessLog: {file: a.log, requestHeaders: [X-User, x-user, x-b], responseHeaders: [X-Cache]}")).Scope("shop/web").AccessLog);

    [Fact]
    public void Its_parts_are_apart()
    {
        var compiled = Compile(
            Policy(Kind, "accessLog: {}"),
            Policy(Kind, "tracing: {collector: {name: otel, namespace: watch, port: 4317, protocol: HTTP}}", ToShop, "q"), Collector);

        Assert.Null(compiled.Scope("shop/web").Tracing);
        Assert.Null(compiled.Scope("shop").AccessLog);
        Assert.Equal(
            new TracingRules { Policy = "shop/q", PerMillion = 10_000, Collector = new OtlpCollector { Port = new BackendPort { Service = "watch/otel", Port = 4317 }, Http = true } },
            compiled.Scope("shop").Tracing);
        Assert.Empty(compiled.Problems);
    }

    [Fact]
    public void A_collector_that_is_not_there_is_told()
    {
        var status = Compile(Policy(Kind, "tracing: {collector: {name: otel, port: 4317}}")).PolicyStatuses["TelemetryPolicy/shop/p"].Targets.Single();

        var invalid = status.Conditions.Single(condition => condition.Type == RouteCondition.PartiallyInvalid);
        Assert.Equal("tracing: there is no Service shop/otel with a TCP port 4317; what is for it is dropped until there is", invalid.Message);
    }

    [Theory]
    [InlineData("{}", "neither accessLog nor tracing")]
    [InlineData("accessLog: {format: '%NOPE%'}", "unknown operator %NOPE%")]
    [InlineData("accessLog: {file: ../../etc/passwd}", "no file name")]
    [InlineData("accessLog: {file: /etc/passwd}", "no file name")]
    [InlineData("accessLog: {file: .hidden}", "no file name")]
    [InlineData("accessLog: {file: a.log.1}", "older file of another")]
    [InlineData("accessLog: {file: a.log, maxFileSize: ten}", "no size such as 100Mi")]
    [InlineData("accessLog: {file: a.log, maxFileSize: 0Mi}", "no size such as 100Mi")]
    [InlineData("accessLog: {maxFileSize: 10Mi}", "goes with file")]
    [InlineData("accessLog: {format: '%PATH%', requestHeaders: [x-user]}", "as %REQ(x-user)%")]
    [InlineData("accessLog: {format: '%PATH%', responseHeaders: [x-user]}", "as %RESP(x-user)%")]
    [InlineData("accessLog: {requestHeaders: [x user]}", "no name of a header field")]
    [InlineData("accessLog: {responseHeaders: [Set-Cookie]}", "set-cookie holds credentials")]
    [InlineData("accessLog: {filter: {statuses: [6xx]}}", "neither a status")]
    [InlineData("accessLog: {filter: {minDuration: soon}}", "minDuration")]
    [InlineData("accessLog: {percentage: 101}", "not 0 to 100")]
    [InlineData("accessLog: {file: a, collector: {name: otel, port: 4317}}", "both file and collector")]
    [InlineData("tracing: {}", "collector is missing")]
    [InlineData("tracing: {collector: {name: otel, port: 4317, protocol: TCP}}", "GRPC or HTTP")]
    public void A_mistake_is_told(string spec, string cause)
    {
        var compiled = Compile(Policy(Kind, spec == "{}" ? "" : spec));

        Assert.Contains(compiled.Problems, problem => problem.Message.Contains(cause, StringComparison.Ordinal));
        Assert.Empty(compiled.Content.Policies);
    }
}
