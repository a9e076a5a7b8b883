using NodeMesh.Proxy.Loops;
using Xunit;

namespace NodeMesh.UnitTests.Loops;

public sealed class TimerQueueTests
{
    private readonly List<string> _elapsed = [];
    private readonly TimerQueue _queue = new(100);

    private LoopTimer Timer(string name) => new(() => _elapsed.Add(name));

    [Fact]
    public void Timers_elapse_in_the_order_they_were_started_and_not_before()
    {
        _queue.Start(Timer("a"), now: 0);
        _queue.Start(Timer("b"), now: 50);
        _queue.Elapse(99);
        Assert.Empty(_elapsed);
        _queue.Elapse(100);
        Assert.Equal(["a"], _elapsed);
        _queue.Elapse(1000);
        Assert.Equal(["a", "b"], _elapsed);
        Assert.Null(_queue.NextDue);
    }

    [Fact]
    public void A_stopped_timer_does_not_elapse_wherever_it_stood()
    {
        LoopTimer[] timers = [Timer("a"), Timer("b"), Timer("c"), Timer("d")];
        foreach (var timer in timers)
        {
            _queue.Start(timer, 0);
        }
        timers[0].Stop();
        timers[2].Stop();
        timers[3].Stop();
        timers[3].Stop();
        _queue.Elapse(100);
        Assert.Equal(["b"], _elapsed);
    }

    [Fact]
    public void A_restarted_timer_counts_from_its_restart()
    {
        var timer = Timer("a");
        _queue.Start(timer, 0);
        _queue.Start(Timer("b"), 10);
        _queue.Start(timer, 20);
        _queue.Elapse(115);
        Assert.Equal(["b"], _elapsed);
        Assert.Equal(120, _queue.NextDue);
    }
}
