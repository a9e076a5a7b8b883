using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;
using Xunit;

namespace NodeMesh.UnitTests.Routing;

public sealed class CorsTests
{
    [Theory]
    [InlineData("*", "https://any.example", "*")]
    [InlineData("https://www.foo.com", "https://www.foo.com", "https://www.foo.com")]
    [InlineData("https://www.foo.com", "http://www.foo.com", null)]
    [InlineData("https://*.bar.com", "https://a.bar.com", "https://a.bar.com")]
    [InlineData("https://*.bar.com", "https://a.b.bar.com", "https://a.b.bar.com")]
    [InlineData("https://*.bar.com", "https://bar.com", null)]
    [InlineData("https://*.bar.com", "https://evil.com/.bar.com", null)]
    [InlineData("https://*.bar.com:8443", "https://a.bar.com:8443", "https://a.bar.com:8443")]
    public void An_origin_is_allowed_as_the_filter_says(string allowed, string origin, string? expected)
    {
        var fields = CorsPolicy.Response(new Cors { AllowOrigins = { allowed } }, Request("GET", ("Origin", origin)));

        Assert.Equal(expected, fields.FirstOrDefault(field => field.Name == "Access-Control-Allow-Origin").Value);
        Assert.Equal(expected is null, fields.Count == 0);
    }

    [Fact]
    public void With_credentials_nothing_is_answered_with_an_asterisk()
    {
        var cors = new Cors { AllowOrigins = { "*" }, AllowCredentials = true, AllowMethods = { "*" }, AllowHeaders = { "*" }, ExposeHeaders = { "*" }, MaxAgeSeconds = 5 };
        var preflight = Request("OPTIONS", ("Origin", "https://a.example"), ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "x-a, x-b"));

        Assert.Equal(
            [
                ("Access-Control-Allow-Origin", "https://a.example"), ("Access-Control-Allow-Credentials", "true"), ("Vary", "Origin"),
                ("Access-Control-Allow-Methods", "PUT"), ("Access-Control-Allow-Headers", "x-a, x-b"), ("Access-Control-Max-Age", "5"),
            ],
            CorsPolicy.Preflight(cors, preflight));
        Assert.DoesNotContain(CorsPolicy.Response(cors, Request("GET", ("Origin", "https://a.example"))), field => field.Value.Contains('*', StringComparison.Ordinal));
    }

    [Fact]
    public void Only_OPTIONS_with_an_origin_and_a_method_asks_beforehand()
    {
        Assert.True(CorsPolicy.IsPreflight(Request("OPTIONS", ("Origin", "https://a"), ("Access-Control-Request-Method", "GET"))));
        Assert.False(CorsPolicy.IsPreflight(Request("OPTIONS", ("Origin", "https://a"))));
        Assert.False(CorsPolicy.IsPreflight(Request("GET", ("Origin", "https://a"), ("Access-Control-Request-Method", "GET"))));
    }

    [Fact]
    public void A_request_of_the_same_origin_is_left_alone() => Assert.Empty(CorsPolicy.Response(new Cors { AllowOrigins = { "*" } }, Request("GET")));

    private static RequestHead Request(string method, params (string, string)[] fields) => new(method, "/", "web", false, new TestFields(fields));
}
