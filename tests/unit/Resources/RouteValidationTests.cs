using NodeMesh.Agent.Resources.Model;
using NodeMesh.UnitTests.Compiler.Routes;
using Xunit;

namespace NodeMesh.UnitTests.Resources;

public class RouteValidationTests
{
    [Theory]
    [InlineData("0s", 0)]
    [InlineData("500ms", 500)]
    [InlineData("10s", 10_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1h1m1s1ms", 3_661_001)]
    public void A_duration_is_read(string text, int milliseconds)
    {
        Assert.True(GatewayDuration.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1.5s")]
    [InlineData("1d")]
    [InlineData("100000s")]
    [InlineData("1h1h1h1h1h")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(GatewayDuration.TryParse(text, out _));

    [Theory]
    [InlineData("{matches: [{path: {type: Exact, value: foo}}]}", "spec.rules[0].matches[0].path.value")]
    [InlineData("{matches: [{path: {value: /a//b}}]}", "spec.rules[0].matches[0].path.value")]
    [InlineData("{matches: [{path: {value: /a/../b}}]}", "spec.rules[0].matches[0].path.value")]
    [InlineData("{matches: [{headers: [{name: 'a b', value: c}]}]}", "spec.rules[0].matches[0].headers[0].name")]
    [InlineData("{backendRefs: [{name: a}]}", "spec.rules[0].backendRefs[0].port")]
    [InlineData("{backendRefs: [{name: a, port: 80, weight: -1}]}", "spec.rules[0].backendRefs[0].weight")]
    [InlineData("{backendRefs: [{name: a, port: 80, weight: 1000001}]}", "spec.rules[0].backendRefs[0].weight")]
    [InlineData("{filters: [{type: RequestRedirect, requestRedirect: {}}], backendRefs: [{name: a, port: 80}]}", "spec.rules[0].backendRefs")]
    [InlineData("{filters: [{type: URLRewrite}]}", "spec.rules[0].filters[0].urlRewrite")]
    [InlineData("{filters: [{type: CORS, cors: {}}, {type: CORS, cors: {}}]}", "spec.rules[0].filters[1].type")]
    [InlineData("{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: \"b\\r\\nc: d\"}]}}]}", "spec.rules[0].filters[0].requestHeaderModifier.set[0].value")]
    [InlineData("{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 80}, percent: 101}}]}", "spec.rules[0].filters[0].requestMirror.percent")]
    [InlineData("{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 80}, percent: 1, fraction: {numerator: 1}}}]}", "spec.rules[0].filters[0].requestMirror")]
    [InlineData("{matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]}", "spec.rules[0].filters[0]")]
    [InlineData("{timeouts: {request: 1s, backendRequest: 2s}}", "spec.rules[0].timeouts.backendRequest")]
    [InlineData("{timeouts: {request: soon}}", "spec.rules[0].timeouts.request")]
    [InlineData("{retry: {attempts: 0}}", "spec.rules[0].retry.attempts")]
    [InlineData("{retry: {codes: [200]}}", "spec.rules[0].retry.codes[0]")]
    [InlineData("{sessionPersistence: {cookieConfig: {lifetimeType: Permanent}}}", "spec.rules[0].sessionPersistence.absoluteTimeout")]
    public void What_the_schema_forbids_is_a_problem_at_its_field(string rule, string field)
    {
        var file = TestResources.Read("r.yaml", RouteYaml.Route(rule));

        Assert.Empty(file.Objects);
        Assert.Contains(field, file.Problems.Select(problem => problem.At?.Field));
    }

    [Fact]
    public void The_same_parent_twice_is_a_problem() =>
        Assert.Equal("spec.parentRefs[1]", Assert.Single(TestResources.Read("r.yaml", RouteYaml.Route("{}", parent: "{name: a}, {name: a}")).Problems).At?.Field);

    [Theory]
    [InlineData("gateway.networking.k8s.io/v1beta1", "HTTPRoute", true)]
    [InlineData("gateway.networking.k8s.io/v1alpha2", "TCPRoute", true)]
    [InlineData("gateway.networking.k8s.io/v1alpha2", "HTTPRoute", false)]
    [InlineData("gateway.networking.k8s.io/v1", "HttpRoute", false)]
    public void A_route_is_read_in_the_versions_that_are_served(string version, string kind, bool read) => Assert.Equal(read, TestResources.Read("r.yaml",
        $"{{apiVersion: {version}, kind: {kind}, metadata: {{name: r}}, spec: {{rules: [{{backendRefs: [{{name: a, port: 80}}]}}]}}}}").Problems.IsEmpty);
}
