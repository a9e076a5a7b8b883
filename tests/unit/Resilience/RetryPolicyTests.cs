using NodeMesh.Contract;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Telemetry;
using Xunit;

namespace NodeMesh.UnitTests.Resilience;

public sealed class RetryPolicyTests
{
    private static readonly RouteRetry Retry = new() { Attempts = 3, BackoffMilliseconds = 20, Codes = { 503 } };

    [Theory]
    [InlineData("GET", false, 503, nameof(Reason.None), true)]
    [InlineData("GET", false, 500, nameof(Reason.None), false)]
    [InlineData("POST", false, 503, nameof(Reason.None), false)]
    [InlineData("POST", true, 503, nameof(Reason.None), true)]
    [InlineData("POST", false, 503, nameof(Reason.UpstreamConnect), true)]
    [InlineData("GET", false, 502, nameof(Reason.UpstreamReset), true)]
    [InlineData("POST", false, 502, nameof(Reason.UpstreamReset), false)]
    [InlineData("GET", false, 504, nameof(Reason.TimeoutBackend), true)]
    [InlineData("GET", false, 504, nameof(Reason.TimeoutRequest), false)]
    [InlineData("GET", false, 0, nameof(Reason.DownstreamReset), false)]
    public void What_failed_is_sent_again_where_that_is_safe_and_asked_for(string method, bool namesMethod, int status, string reason, bool again) =>
        Assert.Equal(again, RetryPolicy.MayRetry(Retry, method, namesMethod, status, Enum.Parse<Reason>(reason)));

    [Fact]
    public void A_wait_is_never_shorter_than_the_backoff_and_grows_to_ten_times_it_at_most()
    {
        var random = new Random(1);
        for (var number = 1; number <= 40; number++)
        {
            var wait = RetryPolicy.Wait(Retry, number, null, random).TotalMilliseconds;
            Assert.InRange(wait, 20, 20 * 10.5);
        }
        Assert.True(Average(4) > 2 * Average(1));

        double Average(int number) => Enumerable.Range(0, 1000).Average(_ => RetryPolicy.Wait(Retry, number, null, random).TotalMilliseconds);
    }

    [Fact]
    public void What_the_upstream_asks_for_is_waited_for() =>
        Assert.Equal(TimeSpan.FromSeconds(2), RetryPolicy.Wait(Retry, 1, TimeSpan.FromSeconds(2), new Random(1)));
}
