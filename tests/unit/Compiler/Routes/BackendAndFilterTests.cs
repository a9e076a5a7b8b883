using NodeMesh.Agent.Compiler;
using Xunit;
using static NodeMesh.UnitTests.Compiler.Routes.RouteYaml;

namespace NodeMesh.UnitTests.Compiler.Routes;

public class BackendAndFilterTests
{
    [Fact]
    public void Weights_are_as_written_and_one_where_they_are_not()
    {
        var compilation = Compile(Route("{backendRefs: [{name: web-v1, port: 80, weight: 90}, {name: web-v2, port: 80}, {name: web, port: 8080, weight: 0}]}"));

        Assert.Equal([("shop/web-v1", 80u, 90u), ("shop/web-v2", 80u, 1u), ("shop/web", 8080u, 0u)],
            Table(compilation).Rules[0].Backends.Select(backend => (backend.Port.Service, backend.Port.Port, backend.Weight)));
        Assert.True(Condition(compilation, "ResolvedRefs")!.Status);
        Assert.Empty(compilation.Problems);
    }

    [Theory]
    [InlineData("name: nobody, port: 80", "BackendNotFound", "there is no Service shop/nobody")]
    [InlineData("name: web-v1, port: 81", "BackendNotFound", "has no TCP port 81")]
    [InlineData("name: elsewhere, port: 80", "BackendNotFound", "ExternalName")]
    [InlineData("group: example.org, kind: Bucket, name: b", "InvalidKind", "example.org/Bucket")]
    [InlineData("name: web-v1, port: 9090", "UnsupportedProtocol", "port 9090")]
    public void A_backend_that_can_not_be_had_keeps_its_weight(string backend, string reason, string message)
    {
        var compilation = Compile(Route($"{{backendRefs: [{{name: web-v1, port: 80}}, {{{backend}, weight: 3}}]}}"));

        var missing = Table(compilation).Rules[0].Backends[1];
        Assert.Null(missing.Port);
        Assert.Equal(3u, missing.Weight);
        var resolved = Condition(compilation, "ResolvedRefs")!;
        Assert.Equal((false, reason), (resolved.Status, resolved.Reason));
        Assert.Contains(message, resolved.Message, StringComparison.Ordinal);
        Assert.True(Condition(compilation, "Accepted")!.Status);
        Assert.Contains(compilation.Problems, problem => problem.Reason == reason);
    }

    [Theory]
    [InlineData("type: Nonsense")]
    [InlineData("type: ExternalAuth, externalAuth: {protocol: SPDY, backendRef: {name: web-v1, port: 80}}")]
    [InlineData("type: RequestRedirect, requestRedirect: {scheme: ftp}")]
    [InlineData("type: RequestRedirect, requestRedirect: {statusCode: 200}")]
    [InlineData("type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Transfer-Encoding, value: chunked}]}")]
    [InlineData("type: ResponseHeaderModifier, responseHeaderModifier: {remove: [content-length]}")]
    public void A_filter_that_can_not_be_had_is_an_error_never_left_out(string filter)
    {
        var compilation = Compile(Route($"{{filters: [{{{filter}}}]}}, {{name: good, matches: [{{path: {{value: /x}}}}], {ToV1}}}"));

        Assert.NotNull(Assert.Single(Table(compilation).Rules[0].Filters).Unusable);
        var partially = Condition(compilation, "PartiallyInvalid")!;
        Assert.Equal((true, "UnsupportedValue"), (partially.Status, partially.Reason));
        Assert.StartsWith("Dropped Rule", partially.Message, StringComparison.Ordinal);
        Assert.True(Condition(compilation, "Accepted")!.Status);
    }

    [Fact]
    public void A_service_to_be_asked_is_asked_as_the_filter_says_and_without_it_nobody_passes()
    {
        var compilation = Compile(Route($"{{filters: [{{type: ExternalAuth, externalAuth: {{protocol: GRPC, backendRef: {{name: web-v2, port: 80}}, grpc: {{allowedHeaders: [X-A]}}, forwardBody: {{maxSize: 9}}}}}}], {ToV1}}}, "
            + $"{{filters: [{{type: ExternalAuth, externalAuth: {{protocol: HTTP, backendRef: {{name: nobody, port: 80}}}}}}], {ToV1}}}"));

        var auth = Table(compilation).Rules[0].Filters.Single().ExternalAuth;
        Assert.Equal(("shop/web-v2", true, true, 9u), (auth.Port.Service, auth.Grpc, auth.ForwardsBody, auth.MaxBodyBytes));
        Assert.Equal(["X-A"], auth.AllowedHeaders);
        Assert.NotNull(Table(compilation).Rules[1].Filters.Single().Unusable);
        Assert.Equal((false, "BackendNotFound"), (Condition(compilation, "ResolvedRefs")!.Status, Condition(compilation, "ResolvedRefs")!.Reason));
    }

    [Fact]
    public void A_route_of_which_no_rule_can_be_had_is_not_accepted_yet_answers_with_errors()
    {
        var compilation = Compile(Route($"{{filters: [{{type: Nonsense}}], {ToV1}}}"));

        Assert.NotNull(Table(compilation).Rules[0].Filters[0].Unusable);
        Assert.Equal((false, "UnsupportedValue"), (Condition(compilation, "Accepted")!.Status, Condition(compilation, "Accepted")!.Reason));
        Assert.Null(Condition(compilation, "PartiallyInvalid"));
    }

    [Fact]
    public void An_extension_nobody_knows_is_an_error_and_an_unresolved_reference()
    {
        var compilation = Compile(Route($"{{filters: [{{type: ExtensionRef, extensionRef: {{group: example.org, kind: Magic, name: m}}}}], {ToV1}}}"));

        Assert.NotNull(Table(compilation).Rules[0].Filters[0].Unusable);
        Assert.Equal((false, "InvalidKind"), (Condition(compilation, "ResolvedRefs")!.Status, Condition(compilation, "ResolvedRefs")!.Reason));
    }

    [Fact]
    public void Redirect_and_rewrite_exclude_each_other()
    {
        var compilation = Compile(Route("{filters: [{type: RequestRedirect, requestRedirect: {}}, {type: URLRewrite, urlRewrite: {hostname: a}}]}"));

        Assert.NotNull(Assert.Single(Table(compilation).Rules[0].Filters).Unusable);
        Assert.Equal((false, "IncompatibleFilters"), (Condition(compilation, "Accepted")!.Status, Condition(compilation, "Accepted")!.Reason));
    }

    [Theory]
    [InlineData("path: {type: RegularExpression, value: '/('}")]
    [InlineData("path: {type: RegularExpression, value: '/(a)\\1'}")]
    [InlineData("path: {type: Nonsense, value: /}")]
    [InlineData("headers: [{name: a, type: RegularExpression, value: '(?=x)'}]")]
    public void A_rule_whose_match_can_not_be_had_is_left_out_and_the_others_stay(string match)
    {
        var compilation = Compile(Route($"{{name: bad, matches: [{{{match}}}], {ToV1}}}, {{name: good, {ToV1}}}"));

        Assert.Equal(["good"], Order(Table(compilation)));
        Assert.Equal("UnsupportedValue", Condition(compilation, "PartiallyInvalid")!.Reason);
    }

    [Fact]
    public void A_mirror_without_a_backend_is_left_out_and_reported()
    {
        var compilation = Compile(Route($"{{filters: [{{type: RequestMirror, requestMirror: {{backendRef: {{name: nobody, port: 80}}}}}}], {ToV1}}}"));

        Assert.Empty(Table(compilation).Rules[0].Filters);
        Assert.Equal("BackendNotFound", Condition(compilation, "ResolvedRefs")!.Reason);
    }

    [Theory]
    [InlineData("", 100, 100)]
    [InlineData(", percent: 20", 20, 100)]
    [InlineData(", fraction: {numerator: 1, denominator: 3}", 1, 3)]
    [InlineData(", fraction: {numerator: 5}", 5, 100)]
    public void A_mirror_takes_its_share(string share, uint numerator, uint denominator)
    {
        var mirror = Table(Compile(Route($"{{filters: [{{type: RequestMirror, requestMirror: {{backendRef: {{name: web-v2, port: 80}}{share}}}}}], {ToV1}}}"))).Rules[0].Filters[0].Mirror;

        Assert.Equal(("shop/web-v2", numerator, denominator), (mirror.Port.Service, mirror.Numerator, mirror.Denominator));
    }

    [Fact]
    public void Timeouts_and_retries_are_in_milliseconds()
    {
        var rule = Table(Compile(Route($"{{timeouts: {{request: 1m30s, backendRequest: 500ms}}, retry: {{codes: [500, 503], attempts: 3, backoff: 10ms}}, {ToV1}}}"))).Rules[0];

        Assert.Equal((90_000u, 500u), (rule.Timeouts.RequestMilliseconds, rule.Timeouts.BackendRequestMilliseconds));
        Assert.Equal((3u, 10u), (rule.Retry.Attempts, rule.Retry.BackoffMilliseconds));
        Assert.Equal([500u, 503u], rule.Retry.Codes);
    }

    [Fact]
    public void A_route_follows_the_Services_it_names()
    {
        var compiler = new IncrementalCompiler("n1", NodeMesh.Agent.Capture.FailurePolicy.Closed);
        var route = Route($"{{{ToV1}}}");
        var without = compiler.Compile(NodeMesh.UnitTests.Resources.TestResources.Parse(route), TestMesh.Observed());
        var with = compiler.Compile(NodeMesh.UnitTests.Resources.TestResources.Parse(Services + route), TestMesh.Observed());

        Assert.Equal("NoMatchingParent", Condition(without, "Accepted")!.Reason);
        Assert.Equal("BackendNotFound", Condition(without, "ResolvedRefs")!.Reason);
        Assert.All(with.RouteStatuses["HTTPRoute/shop/r"].Parents[0].Conditions, condition => Assert.True(condition.Status));
        Assert.Single(with.Content.Routes);
    }
}
