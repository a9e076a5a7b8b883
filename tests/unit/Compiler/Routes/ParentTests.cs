using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Compiler.Routes.RouteYaml;

namespace NodeMesh.UnitTests.Compiler.Routes;

public class ParentTests
{
    [Fact]
    public void A_route_without_a_port_is_for_all_ports_that_can_speak_HTTP() =>
        Assert.Equal([80u, 7070u, 8080u], Compile(Route($"{{{ToV1}}}", parent: "{group: '', kind: Service, name: web}")).Content.Routes["shop/web"].Tables.Select(table => table.Port));

    [Theory]
    [InlineData("port: 8080", 8080)]
    [InlineData("sectionName: http-alt", 8080)]
    [InlineData("port: 80, sectionName: http", 80)]
    public void A_port_is_named_by_number_or_section(string port, uint expected) => Assert.Equal(expected, Assert.Single(
        Compile(Route($"{{{ToV1}}}", parent: $"{{group: '', kind: Service, name: web, {port}}}")).Content.Routes["shop/web"].Tables).Port);

    [Theory]
    [InlineData("name: web, port: 81", "has no TCP port 81")]
    [InlineData("name: web, port: 80, sectionName: http-alt", "has no TCP port 80 named \"http-alt\"")]
    [InlineData("name: nobody", "there is no Service shop/nobody")]
    [InlineData("name: headless", "headless")]
    [InlineData("name: elsewhere", "ExternalName")]
    [InlineData("name: web, port: 9090", "declared")]
    public void A_parent_that_can_not_be_had_is_said_to_be_so(string parent, string message)
    {
        var compilation = Compile(Route($"{{{ToV1}}}", parent: $"{{group: '', kind: Service, {parent}}}"));

        var accepted = Condition(compilation, "Accepted")!;
        Assert.Equal((false, "NoMatchingParent"), (accepted.Status, accepted.Reason));
        Assert.Contains(message, accepted.Message, StringComparison.Ordinal);
        Assert.Empty(compilation.Content.Routes);
        Assert.Contains(compilation.Problems, problem => problem is { Kind: "HTTPRoute", Id: "shop/r", Reason: "NoMatchingParent" });
    }

    [Fact]
    public void Gateways_are_left_to_others()
    {
        var compilation = Compile(Route($"{{{ToV1}}}", parent: "{name: web}"));

        Assert.Empty(compilation.RouteStatuses);
        Assert.Empty(compilation.Problems);
    }

    [Fact]
    public void Each_parent_has_conditions_of_its_own()
    {
        var status = Compile(Route($"{{{ToV1}}}", parent: "{group: '', kind: Service, name: web, port: 80}, {name: gateway}, {group: '', kind: Service, name: nobody}")).RouteStatuses["HTTPRoute/shop/r"];

        Assert.Equal(7, status.Generation);
        Assert.Equal([("web", true), ("nobody", false)], status.Parents.Select(parent => (parent.Parent.Name, parent.Conditions.Single(condition => condition.Type == "Accepted").Status)));
    }

    [Fact]
    public void A_route_of_another_namespace_is_for_callers_of_that_namespace_alone_and_is_not_merged()
    {
        var compilation = Compile(
            Route($"{{name: producer, {ToV1}}}"),
            Route("{name: consumer, backendRefs: [{name: web-v2, namespace: shop, port: 80}]}", "c", "client", "{group: '', kind: Service, name: web, namespace: shop, port: 80}"));

        Assert.Equal(["producer"], Order(Table(compilation)));
        Assert.Equal(["consumer"], Order(Table(compilation, consumer: "client")));
        Assert.Contains("for callers in namespace client", Condition(compilation, "Accepted", "HTTPRoute/client/c")!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_kinds_on_a_port_the_more_specific_has_it()
    {
        var compilation = Compile(
            Route($"{{name: h, {ToV1}}}"),
            Route($"{{name: g, {ToV1}}}", "g", kind: "GRPCRoute"),
            Route("{backendRefs: [{name: web-v1, port: 9090}]}", "t", kind: "TCPRoute"));

        Assert.Equal(RouteKind.GrpcRoute, Table(compilation).Kind);
        Assert.Equal(["g"], Order(Table(compilation)));
        foreach (var loser in new[] { "HTTPRoute/shop/r", "TCPRoute/shop/t" })
        {
            var accepted = Condition(compilation, "Accepted", loser)!;
            Assert.Equal((false, "Conflicted"), (accepted.Status, accepted.Reason));
            Assert.Contains("GRPCRoute/shop/g", accepted.Message, StringComparison.Ordinal);
        }
        Assert.True(Condition(compilation, "Accepted", "GRPCRoute/shop/g")!.Status);
    }

    [Fact]
    public void A_route_that_lost_one_of_its_ports_is_in_force_on_the_others()
    {
        var compilation = Compile(
            Route($"{{name: h, {ToV1}}}", parent: "{group: '', kind: Service, name: web}"),
            Route($"{{name: g, {ToV1}}}", "g", kind: "GRPCRoute", parent: "{group: '', kind: Service, name: web, port: 7070}"));

        Assert.Equal([RouteKind.HttpRoute, RouteKind.GrpcRoute, RouteKind.HttpRoute], compilation.Content.Routes["shop/web"].Tables.Select(table => table.Kind));
        var accepted = Condition(compilation, "Accepted")!;
        Assert.True(accepted.Status);
        Assert.Contains("port 7070 has GRPCRoute/shop/g", accepted.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_consumers_kind_does_not_conflict_with_a_producers()
    {
        var compilation = Compile(
            Route($"{{{ToV1}}}"),
            Route("{backendRefs: [{name: web-v2, namespace: shop, port: 80}]}", "c", "client", "{group: '', kind: Service, name: web, namespace: shop, port: 80}", "GRPCRoute"));

        Assert.Equal(RouteKind.HttpRoute, Table(compilation).Kind);
        Assert.Equal(RouteKind.GrpcRoute, Table(compilation, consumer: "client").Kind);
    }
}
