using NodeMesh.Proxy.Resilience;
using Xunit;
using RetryBudget = NodeMesh.Proxy.Resilience.RetryBudget;

namespace NodeMesh.UnitTests.Resilience;

public class RetryBudgetTests
{
    private const long Second = 1000;

    private long _now = 5 * 3600 * Second;

    [Fact]
    public void A_share_of_the_attempts_may_be_retries()
    {
        var budget = Budget(percent: 20, minRetries: 1);
        Attempt(budget, 100);

        // The one that is always allowed comes on top.
        Assert.InRange(Granted(budget, 100), 20, 22);
    }

    [Fact]
    public void Few_are_always_allowed_however_little_there_is_to_do()
    {
        var budget = Budget(percent: 0, minRetries: 3);

        Assert.Equal(3, Granted(budget, 10));
        _now += Second;
        Assert.Equal(3, Granted(budget, 10));
    }

    [Fact]
    public void What_was_before_the_interval_counts_no_more()
    {
        var budget = Budget(percent: 50, minRetries: 1);
        Attempt(budget, 1000);
        Assert.True(Granted(budget, 10) == 10);

        _now += 11 * Second;

        Assert.InRange(Granted(budget, 10), 1, 2);
    }

    private void Attempt(RetryBudget budget, int count)
    {
        for (var i = 0; i < count; i++)
        {
            budget.Attempted(_now);
        }
    }

    private int Granted(RetryBudget budget, int count) => Enumerable.Range(0, count).Count(_ => budget.TryRetry(_now));

    private static RetryBudget Budget(uint percent, uint minRetries) => new(
        new Contract.RetryBudget { Percent = percent, IntervalMilliseconds = 10_000, MinRetries = minRetries, MinIntervalMilliseconds = 1000 }, Second);
}
