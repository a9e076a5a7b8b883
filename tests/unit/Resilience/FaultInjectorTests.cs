using NodeMesh.Contract;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Routing;
using NodeMesh.UnitTests.Routing;
using Xunit;

namespace NodeMesh.UnitTests.Resilience;

public class FaultInjectorTests
{
    private const uint All = 1_000_000;

    [Fact]
    public void The_first_fault_that_matches_is_made()
    {
        var faults = new FaultInjector(new FaultRules
        {
            Faults =
            {
                new FaultRule { PerMillion = All, HttpStatus = 500, Matches = { new RequestMatch { Headers = { new ValueMatch { Name = "x-fail", Exact = "yes" } } } } },
                new FaultRule { PerMillion = All, HttpStatus = 501, Matches = { new RequestMatch { Path = new PathMatch { Prefix = "/a" } } } },
            },
        });

        Assert.Equal(500u, faults.For(new RequestHead("GET", "/a", "", false, new TestFields(("x-fail", "yes"))), Random.Shared)!.HttpStatus);
        Assert.Equal(501u, faults.For(new RequestHead("GET", "/a", "", false), Random.Shared)!.HttpStatus);
        Assert.Null(faults.For(new RequestHead("GET", "/b", "", false), Random.Shared));
        Assert.Null(faults.ForOpaque(Random.Shared));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(250_000, 2_300, 2_700)]
    [InlineData(1_000_000, 10_000, 10_000)]
    public void So_many_of_the_requests_fail(uint perMillion, int least, int most)
    {
        var faults = new FaultInjector(new FaultRules { Faults = { new FaultRule { PerMillion = perMillion, Reset = true } } });
        var random = new Random(7);

        Assert.InRange(Enumerable.Range(0, 10_000).Count(_ => faults.ForOpaque(random) is not null), least, most);
    }
}
