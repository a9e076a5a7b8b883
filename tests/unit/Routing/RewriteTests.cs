using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;
using Xunit;

namespace NodeMesh.UnitTests.Routing;

public sealed class RewriteTests
{
    [Theory]
    [InlineData("/foo/bar", "/foo", "/xyz", "/xyz/bar")]
    [InlineData("/foo/bar", "/foo", "/xyz/", "/xyz/bar")]
    [InlineData("/foo", "/foo", "/xyz", "/xyz")]
    [InlineData("/foo/", "/foo", "/xyz", "/xyz/")]
    [InlineData("/foo/bar", "/foo", "", "/bar")]
    [InlineData("/foo/", "/foo", "", "/")]
    [InlineData("/foo", "/foo", "", "/")]
    [InlineData("/foo/", "/foo", "/", "/")]
    [InlineData("/foo", "/foo", "/", "/")]
    [InlineData("/foo?a=/foo", "/foo", "/xyz", "/xyz?a=/foo")]
    [InlineData("/foo", "", "/xyz", "/xyz/foo")]
    public void A_prefix_is_replaced_as_the_Gateway_API_lists_it(string target, string matched, string replacement, string expected) =>
        Assert.Equal(expected, PathRewrite.Apply(new PathModifier { Prefix = replacement }, target, matched.Length));

    [Theory]
    [InlineData("/foo?q=1", "/one/two", "/one/two?q=1")]
    [InlineData("/foo", "", "/")]
    public void A_full_path_is_replaced_whole(string target, string replacement, string expected) =>
        Assert.Equal(expected, PathRewrite.Apply(new PathModifier { Full = replacement }, target, 0));

    [Theory]
    [InlineData("", "", 0, 80, "http://web.shop/a?b")]
    [InlineData("", "example.org", 0, 80, "http://example.org/a?b")]
    [InlineData("", "example.org", 0, 8080, "http://example.org:8080/a?b")]
    [InlineData("http", "example.org", 0, 8080, "http://example.org/a?b")]
    [InlineData("https", "", 0, 80, "https://web.shop/a?b")]
    [InlineData("https", "", 443, 80, "https://web.shop/a?b")]
    [InlineData("https", "", 80, 80, "https://web.shop:80/a?b")]
    [InlineData("", "", 8443, 80, "http://web.shop:8443/a?b")]
    public void A_redirect_keeps_what_it_does_not_name(string scheme, string host, uint port, int servicePort, string expected) => Assert.Equal(
        expected,
        RedirectLocation.Of(new Redirect { Scheme = scheme, Hostname = host, Port = port }, new RequestHead("GET", "/a?b", "web.shop:8080", false), 0, servicePort));

    [Theory]
    [InlineData("1S", 1000)]
    [InlineData("100m", 100)]
    [InlineData("2M", 120_000)]
    [InlineData("1H", 3_600_000)]
    [InlineData("5000u", 5)]
    [InlineData("99999999n", 99.999999)]
    public void A_gRPC_timeout_is_read(string text, double milliseconds) => Assert.Equal(milliseconds, GrpcTimeout.Parse(text)!.Value.TotalMilliseconds, 3);

    [Theory]
    [InlineData(null)]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("-1S")]
    [InlineData("123456789S")]
    [InlineData("1s")]
    public void What_is_no_gRPC_timeout_is_none(string? text) => Assert.Null(GrpcTimeout.Parse(text));
}
