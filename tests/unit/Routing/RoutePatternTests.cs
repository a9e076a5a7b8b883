using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;
using Xunit;

namespace NodeMesh.UnitTests.Routing;

public sealed class RoutePatternTests
{
    [Theory]
    [InlineData("/v2", "/v2", true)]
    [InlineData("/v2", "/v2/", true)]
    [InlineData("/v2", "/v2/example", true)]
    [InlineData("/v2", "/v2?a=b", true)]
    [InlineData("/v2", "/v2example", false)]
    [InlineData("/v2", "/foo/v2/example", false)]
    [InlineData("/v2", "/V2", false)]
    [InlineData("", "/anything", true)]
    public void A_prefix_is_of_whole_elements(string prefix, string target, bool matches) =>
        Assert.Equal(matches, Matches(new RouteMatch { Path = new PathMatch { Prefix = prefix } }, target));

    [Theory]
    [InlineData("/a", "/a", true)]
    [InlineData("/a", "/a?b", true)]
    [InlineData("/a", "/a/", false)]
    public void An_exact_path_is_the_whole_path(string path, string target, bool matches) =>
        Assert.Equal(matches, Matches(new RouteMatch { Path = new PathMatch { Exact = path } }, target));

    [Theory]
    [InlineData("/a.c", "/abc", true)]
    [InlineData("/a.c", "/abcd", false)]
    [InlineData("/a|/b", "/bc", false)]
    [InlineData("/.*", "/x\n", true)]
    public void A_regular_expression_is_of_the_whole_path(string regex, string target, bool matches) =>
        Assert.Equal(matches, Matches(new RouteMatch { Path = new PathMatch { Regex = $"(?s){regex}" } }, target));

    [Fact(Timeout = 20_000)]
    public void A_regular_expression_takes_time_in_proportion_to_the_path() =>
        Assert.False(Matches(new RouteMatch { Path = new PathMatch { Regex = "/(a+)+b" } }, $"/{new string('a', 60_000)}"));

    [Fact]
    public void A_method_matches_itself()
    {
        Assert.True(Matches(new RouteMatch { Method = "GET" }, "/"));
        Assert.False(Matches(new RouteMatch { Method = "POST" }, "/"));
    }

    [Theory]
    [InlineData("version", "two", true)]
    [InlineData("version", "Two", false)]
    [InlineData("other", "two", false)]
    public void A_header_matches_by_name_in_any_case_and_value(string name, string value, bool matches) =>
        Assert.Equal(matches, Matches(new RouteMatch { Headers = { new ValueMatch { Name = name, Exact = value } } }, "/", ("Version", "two")));

    [Fact]
    public void Host_is_a_header_too() => Assert.True(Matches(new RouteMatch { Headers = { new ValueMatch { Name = "host", Regex = "web.*" } } }, "/"));

    [Theory]
    [InlineData("/?animal=whale", true)]
    [InlineData("/?animal=whale&extra=1", true)]
    [InlineData("/?extra=1&animal=whale", true)]
    [InlineData("/?animal=dolphin", false)]
    [InlineData("/?animal=dolphin&animal=whale", false)]
    [InlineData("/?Animal=whale", false)]
    [InlineData("/?animal=%77hale", true)]
    [InlineData("/?%61nimal=whale", true)]
    [InlineData("/?animal", false)]
    [InlineData("/", false)]
    public void The_first_value_of_a_parameter_counts(string target, bool matches) =>
        Assert.Equal(matches, Matches(new RouteMatch { Query = { new ValueMatch { Name = "animal", Exact = "whale" } } }, target));

    [Fact]
    public void All_that_is_asked_for_must_match()
    {
        var match = new RouteMatch { Path = new PathMatch { Prefix = "/a" }, Headers = { new ValueMatch { Name = "x", Exact = "1" }, new ValueMatch { Name = "y", Exact = "2" } } };

        Assert.True(Matches(match, "/a", ("x", "1"), ("y", "2")));
        Assert.False(Matches(match, "/a", ("x", "1")));
        Assert.False(Matches(match, "/b", ("x", "1"), ("y", "2")));
    }

    [Theory]
    [InlineData("shop.example.org", "shop.example.org", true)]
    [InlineData("shop.example.org", "SHOP.example.org", true)]
    [InlineData("*.example.org", "shop.example.org", true)]
    [InlineData("*.example.org", "a.b.example.org", true)]
    [InlineData("*.example.org", "example.org", false)]
    [InlineData("*.example.org", "badexample.org", false)]
    [InlineData("shop.example.org", null, false)]
    [InlineData("", null, true)]
    public void A_server_name_matches_itself_or_by_suffix(string pattern, string? name, bool matches)
    {
        var table = new RouteTableEntry(new RouteTable { Kind = RouteKind.TlsRoute, Rules = { new RouteRule() }, Matches = { new RouteMatch { ServerName = pattern } } });

        Assert.Equal(matches, table.FindByServerName(name) is not null);
    }

    private static bool Matches(RouteMatch match, string target, params (string Name, string Value)[] fields) =>
        new RoutePattern(match, new RouteRuleEntry(new RouteRule())).Matches(new RequestHead("GET", target, "web", false, new TestFields(fields)));
}
