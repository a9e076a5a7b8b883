using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Routing;
using NodeMesh.UnitTests.Routing;
using Xunit;

namespace NodeMesh.UnitTests.Resilience;

public class GlobalLimitTests
{
    private static readonly RateLimitClient Client = new(null, IPAddress.Parse("10.0.0.7"));

    [Fact]
    public void Descriptors_are_made_of_what_the_request_has_and_those_that_want_more_are_left_out()
    {
        var limit = new GlobalLimit(new GlobalRateLimit
        {
            Domain = "shop",
            Descriptors =
            {
                Rule(new RateLimitEntry { Key = "all", Fixed = "x" }, new RateLimitEntry { Key = "who", ClientAddress = true }, new RateLimitEntry { Key = "path", Path = true }),
                Rule(new RateLimitEntry { Key = "user", Header = "x-user" }),
            },
        });

        var request = limit.RequestFor(Client, new RequestHead("GET", "/a?b", "shop", false))!;

        Assert.Equal(("shop", 1u), (request.Domain, request.HitsAddend));
        Assert.Equal([("all", "x"), ("who", "10.0.0.7"), ("path", "/a")], request.Descriptors.Single().Entries.Select(entry => (entry.Key, entry.Value)));
    }

    [Fact]
    public void Nobody_is_asked_about_a_request_that_no_descriptor_is_for()
    {
        var rule = Rule(new RateLimitEntry { Key = "all", Fixed = "x" });
        rule.Matches.Add(new RequestMatch { Method = "PUT" });

        Assert.Null(new GlobalLimit(new GlobalRateLimit { Descriptors = { rule } }).RequestFor(Client, new RequestHead("GET", "/", "shop", false)));
    }

    private static RateLimitDescriptorRule Rule(params RateLimitEntry[] entries) => new() { Entries = { entries } };
}
