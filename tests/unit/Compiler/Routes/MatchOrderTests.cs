using NodeMesh.Contract;
using Xunit;
using static NodeMesh.UnitTests.Compiler.Routes.RouteYaml;

namespace NodeMesh.UnitTests.Compiler.Routes;

public class MatchOrderTests
{
    [Fact]
    public void Path_before_method_before_headers_before_parameters()
    {
        var rules = string.Join(", ", new[]
        {
            "{name: all}",
            "{name: query, matches: [{queryParams: [{name: a, value: b}]}]}",
            "{name: two-queries, matches: [{queryParams: [{name: a, value: b}, {name: c, value: d}]}]}",
            "{name: header, matches: [{headers: [{name: a, value: b}]}]}",
            "{name: two-headers, matches: [{headers: [{name: a, value: b}, {name: c, value: d}]}]}",
            "{name: method, matches: [{method: GET}]}",
            "{name: prefix, matches: [{path: {value: /long}}]}",
            "{name: longer, matches: [{path: {value: /longer/}}]}",
            "{name: regex, matches: [{path: {type: RegularExpression, value: '/x.*'}}]}",
            "{name: exact, matches: [{path: {type: Exact, value: /l}}]}",
        }.Select(rule => rule[..^1] + $", {ToV1}}}"));

        Assert.Equal(
            ["exact", "regex", "longer", "prefix", "method", "two-headers", "header", "two-queries", "query", "all"],
            Order(Table(Compile(Route(rules)))));
    }

    [Fact]
    public void Of_equal_matches_the_oldest_route_then_the_first_by_name_then_the_first_rule_counts()
    {
        var compilation = Compile(
            Route($"{{name: young, {ToV1}}}", "a", metadata: "creationTimestamp: 2024-01-02T00:00:00Z"),
            Route($"{{name: c-1, {ToV1}}}, {{name: c-2, {ToV1}}}", "c", metadata: "creationTimestamp: 2024-01-01T00:00:00Z"),
            Route($"{{name: b, {ToV1}}}", "b", metadata: "creationTimestamp: 2024-01-01T00:00:00Z"),
            Route($"{{name: ageless, {ToV1}}}", "a-1"));

        Assert.Equal(["b", "c-1", "c-2", "young", "ageless"], Order(Table(compilation)));
    }

    [Fact]
    public void The_matches_of_one_rule_have_each_their_own_place() => Assert.Equal(["one", "two", "one"], Order(Table(Compile(Route(
        $"{{name: one, matches: [{{path: {{value: /}}}}, {{path: {{type: Exact, value: /a}}}}], {ToV1}}}, {{name: two, matches: [{{path: {{value: /b}}}}], {ToV1}}}")))));

    [Fact]
    public void Calls_match_by_service_then_method_then_headers()
    {
        var rules = string.Join(", ", new[]
        {
            "{name: all}",
            "{name: header, matches: [{headers: [{name: a, value: b}]}]}",
            "{name: regex, matches: [{method: {type: RegularExpression, service: 'a.*'}}]}",
            "{name: method, matches: [{method: {method: Get}}]}",
            "{name: service, matches: [{method: {service: a.Long}}]}",
            "{name: both, matches: [{method: {service: a.Long, method: Get}}]}",
            "{name: short, matches: [{method: {service: a.B, method: GetEverything}}]}",
        }.Select(rule => rule[..^1] + $", {ToV1}}}"));

        var table = Table(Compile(Route(rules, kind: "GRPCRoute", parent: "{group: '', kind: Service, name: web, port: 7070}")), 7070);

        Assert.Equal(["both", "service", "short", "method", "regex", "header", "all"], Order(table));
        Assert.Equal(RouteKind.GrpcRoute, table.Kind);
        Assert.Equal("/a.Long/Get", table.Matches[0].Path.Exact);
        Assert.Equal("/a.Long", table.Matches[1].Path.Prefix);
        Assert.Equal("/[^/]+/Get", table.Matches[3].Path.Regex);
        Assert.Equal("/(?:a.*)/[^/]+", table.Matches[4].Path.Regex);
        Assert.Null(table.Matches[6].Path);
    }

    [Fact]
    public void A_server_name_matches_exactly_before_by_the_longest_suffix_before_any()
    {
        const string Rule = "{backendRefs: [{name: web-v1, port: 9090}]}";
        const string Parent = "{group: '', kind: Service, name: web, port: 443}";

        var table = Table(Compile(
            Route(Rule, "a", parent: Parent, kind: "TLSRoute", spec: "hostnames: ['*.example.org', '*.shop.example.org', shop.example.org]"),
            Route(Rule, "b", parent: Parent, kind: "TLSRoute")), 443);

        Assert.Equal(["shop.example.org", "*.shop.example.org", "*.example.org", ""], table.Matches.Select(match => match.ServerName));
    }

    [Fact]
    public void The_first_of_several_matchers_for_one_header_counts() => Assert.Equal("1", Assert.Single(Table(Compile(Route(
        $"{{matches: [{{headers: [{{name: Version, value: '1'}}, {{name: version, value: '2'}}]}}], {ToV1}}}"))).Matches[0].Headers).Exact);
}
