using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Routing;
using NodeMesh.UnitTests.Routing;
using Xunit;

namespace NodeMesh.UnitTests.Resilience;

public class RateLimiterTests
{
    private const long Second = 1_000_000_000;

    private static readonly RateLimitClient Cart = new(new WorkloadEntry("shop/cart-1", "shop", "cart", "", "", "", ""), IPAddress.Parse("10.0.0.1"));
    private static readonly RateLimitClient CartToo = new(new WorkloadEntry("shop/cart-2", "shop", "cart", "", "", "", ""), IPAddress.Parse("10.0.0.2"));
    private static readonly RateLimitClient Other = new(null, IPAddress.Parse("10.0.0.3"));

    [Fact]
    public void A_full_bucket_gives_a_burst_and_then_the_rate()
    {
        var limiter = Limiter(Rule(requests: 10, burst: 3));

        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => Take(limiter, 0)));
        Assert.False(Take(limiter, Second / 10 - 1));
        Assert.True(Take(limiter, Second / 10));
        Assert.False(Take(limiter, Second / 10));
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => Take(limiter, 10 * Second)));
    }

    [Fact]
    public void Who_is_refused_is_told_when_to_come_back()
    {
        var limiter = Limiter(Rule(requests: 1, perMilliseconds: 60_000, burst: 1));
        Assert.True(Take(limiter, 0));

        var refusal = limiter.Take(Cart, Head(), 15 * Second)!;

        Assert.Equal(45, refusal.WaitSeconds);
        Assert.Equal("\"r\";q=1;w=60", refusal.PolicyField);
        Assert.Equal("\"r\";r=0;t=45", refusal.Field);
        Assert.True(Take(limiter, 60 * Second));
    }

    [Fact]
    public void Clients_of_one_workload_share_a_bucket_and_others_have_their_own()
    {
        var limiter = Limiter(Rule(requests: 1, by: new RateLimitKey { ClientWorkload = true }));

        Assert.Null(limiter.Take(Cart, Head(), 0));
        Assert.NotNull(limiter.Take(CartToo, Head(), 0));
        Assert.Null(limiter.Take(Other, Head(), 0));
    }

    [Fact]
    public void Each_value_of_a_header_has_a_bucket()
    {
        var limiter = Limiter(Rule(requests: 1, by: new RateLimitKey { Header = "x-user" }));

        Assert.Null(limiter.Take(Cart, Head(("x-user", "a")), 0));
        Assert.Null(limiter.Take(Cart, Head(("x-user", "b")), 0));
        Assert.NotNull(limiter.Take(Other, Head(("x-user", "a")), 0));
        Assert.Null(limiter.Take(Cart, Head(), 0));
        Assert.NotNull(limiter.Take(Cart, Head(), 0));
    }

    [Fact]
    public void However_many_values_a_client_thinks_up_memory_stays_bounded_and_the_limit_holds()
    {
        var limiter = Limiter(Rule(requests: 1, perMilliseconds: 3_600_000, by: new RateLimitKey { Header = "x-user" }));

        var taken = Enumerable.Range(0, 20_000).Count(user => limiter.Take(Cart, Head(("x-user", $"{user}")), user) is null);

        Assert.Equal(10_001, taken);
    }

    [Fact]
    public void A_limit_counts_only_what_it_is_for()
    {
        var rule = Rule(requests: 1);
        rule.Matches.Add(new RequestMatch { Method = "POST", Path = new PathMatch { Prefix = "/a" } });
        var limiter = Limiter(rule);

        Assert.Null(limiter.Take(Cart, new RequestHead("POST", "/a/b", "", false), 0));
        Assert.Null(limiter.Take(Cart, new RequestHead("GET", "/a/b", "", false), 0));
        Assert.NotNull(limiter.Take(Cart, new RequestHead("POST", "/a", "", false), 0));
    }

    [Fact]
    public void A_request_that_one_limit_refuses_uses_up_nothing_of_the_others()
    {
        var wide = Rule(requests: 2, name: "wide");
        var narrow = Rule(requests: 1, name: "narrow", by: new RateLimitKey { Header = "x-user" });
        var limiter = Limiter(wide, narrow);

        Assert.Null(limiter.Take(Cart, Head(("x-user", "a")), 0));
        Assert.Equal("narrow", limiter.Take(Cart, Head(("x-user", "a")), 0)!.Limit);
        Assert.Null(limiter.Take(Cart, Head(("x-user", "b")), 0));
        Assert.Equal("wide", limiter.Take(Cart, Head(("x-user", "c")), 0)!.Limit);
    }

    [Fact]
    public void Many_threads_get_exactly_the_burst()
    {
        var limiter = Limiter(Rule(requests: 500, perMilliseconds: 3_600_000, burst: 500));
        var taken = 0;

        Parallel.For(0, 2_000, _ =>
        {
            if (Take(limiter, 0))
            {
                Interlocked.Increment(ref taken);
            }
        });

        Assert.Equal(500, taken);
    }

    private static RateLimiter Limiter(params RateLimitRule[] rules) => new(new RateLimitRules { Policy = "shop/p", Limits = { rules } }, Second);

    private static RateLimitRule Rule(uint requests, uint perMilliseconds = 1000, uint? burst = null, string name = "r", RateLimitKey? by = null)
    {
        var rule = new RateLimitRule { Name = name, Requests = requests, PerMilliseconds = perMilliseconds, Burst = burst ?? requests };
        if (by is not null)
        {
            rule.By.Add(by);
        }
        return rule;
    }

    private static bool Take(RateLimiter limiter, long now) => limiter.Take(Cart, Head(), now) is null;

    private static RequestHead Head(params (string Name, string Value)[] fields) => new("GET", "/", "web", false, new TestFields(fields));
}
