using NodeMesh.Agent.Capture;
using NodeMesh.Agent.Compiler;
using NodeMesh.UnitTests.Resources;
using Xunit;
using static NodeMesh.UnitTests.Compiler.Routes.RouteYaml;

namespace NodeMesh.UnitTests.Compiler.Routes;

public class ReferenceGrantTests
{
    private const string Other = """

        ---
        {apiVersion: v1, kind: Service, metadata: {name: other, namespace: stock}, spec: {ports: [{port: 80}]}}

        """;

    private const string ToOther = "{backendRefs: [{name: web-v1, port: 80}, {name: other, namespace: stock, port: 80, weight: 3}]}";

    [Theory]
    [InlineData("HTTPRoute", "shop", "kind: Service", true)]
    [InlineData("HTTPRoute", "shop", "kind: Service, name: other", true)]
    [InlineData("HTTPRoute", "shop", "kind: Service, name: another", false)]
    [InlineData("HTTPRoute", "shop", "kind: Secret", false)]
    [InlineData("HTTPRoute", "shop", "group: example.org, kind: Service", false)]
    [InlineData("GRPCRoute", "shop", "kind: Service", false)]
    [InlineData("HTTPRoute", "stock", "kind: Service", false)]
    public void A_backend_of_another_namespace_needs_a_grant_there(string fromKind, string fromNamespace, string to, bool isGranted)
    {
        var compilation = Compile(Other, Route(ToOther), Grant($"kind: {fromKind}, namespace: {fromNamespace}", to));

        var backend = Table(compilation).Rules[0].Backends[1];
        Assert.Equal((isGranted ? "stock/other" : null, 3u), (backend.Port?.Service, backend.Weight));
        var resolved = Condition(compilation, "ResolvedRefs")!;
        Assert.Equal((isGranted, isGranted ? "ResolvedRefs" : "RefNotPermitted"), (resolved.Status, resolved.Reason));
        Assert.True(Condition(compilation, "Accepted")!.Status);
        Assert.Equal(isGranted ? 0 : 1, compilation.Problems.Length);
    }

    [Fact]
    public void A_grant_in_the_routes_own_namespace_opens_nothing() =>
        Assert.Equal("RefNotPermitted", Condition(Compile(Other, Route(ToOther), Grant("kind: HTTPRoute, namespace: shop", "kind: Service", ns: "shop")), "ResolvedRefs")!.Reason);

    [Fact]
    public void What_may_not_be_referred_to_is_not_told_to_exist_or_not() =>
        Assert.Equal("RefNotPermitted", Condition(Compile(Route("{backendRefs: [{name: nobody, namespace: stock, port: 80}]}")), "ResolvedRefs")!.Reason);

    [Fact]
    public void A_consumers_route_may_send_callers_where_they_were_going()
    {
        var compilation = Compile(Route("{backendRefs: [{name: web, namespace: shop, port: 80}]}", ns: "client", parent: "{group: '', kind: Service, name: web, namespace: shop, port: 80}"));

        Assert.Equal("shop/web", Table(compilation, consumer: "client").Rules[0].Backends[0].Port.Service);
        Assert.True(Condition(compilation, "ResolvedRefs", "HTTPRoute/client/r")!.Status);
    }

    [Fact]
    public void A_mirror_needs_a_grant_too()
    {
        var mirror = $"{{filters: [{{type: RequestMirror, requestMirror: {{backendRef: {{name: other, namespace: stock, port: 80}}}}}}], {ToV1}}}";

        Assert.Empty(Table(Compile(Other, Route(mirror))).Rules[0].Filters);
        Assert.Equal("stock/other", Table(Compile(Other, Route(mirror), Grant("kind: HTTPRoute, namespace: shop", "kind: Service"))).Rules[0].Filters[0].Mirror.Port.Service);
    }

    [Fact]
    public void A_grant_that_comes_or_goes_is_followed()
    {
        var compiler = new IncrementalCompiler("n1", FailurePolicy.Closed);

        Assert.Null(Backend(compiler, ""));
        Assert.Equal("stock/other", Backend(compiler, Grant("kind: HTTPRoute, namespace: shop", "kind: Service")));
        Assert.Null(Backend(compiler, ""));
    }

    [Theory]
    [InlineData("from: [], to: [{kind: Service}]", "spec.from")]
    [InlineData("from: [{kind: HTTPRoute, namespace: shop}], to: []", "spec.to")]
    [InlineData("from: [{kind: HTTPRoute}], to: [{kind: Service}]", "spec.from[0].namespace")]
    public void A_grant_that_can_not_be_read_grants_nothing(string spec, string field)
    {
        var compilation = Compile(Other, Route(ToOther), $$"""
            ---
            {apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: g, namespace: stock}, spec: { {{spec}} } }
            """);

        Assert.Contains(compilation.Problems, problem => problem.Kind == "ReferenceGrant" && problem.Message.Contains(field, StringComparison.Ordinal));
        Assert.Equal("RefNotPermitted", Condition(compilation, "ResolvedRefs")!.Reason);
    }

    private static string? Backend(IncrementalCompiler compiler, string grant)
    {
        var compilation = compiler.Compile(TestResources.Parse(Services + Other + Route(ToOther) + grant), TestMesh.Observed());
        return Table(compilation).Rules[0].Backends[1].Port?.Service;
    }

    private static string Grant(string from, string to, string ns = "stock") => $$"""

        ---
        {apiVersion: gateway.networking.k8s.io/v1, kind: ReferenceGrant, metadata: {name: g, namespace: {{ns}} }, spec: {
          from: [{group: gateway.networking.k8s.io, {{from}} }], to: [{ {{to}} }] } }

        """;
}
