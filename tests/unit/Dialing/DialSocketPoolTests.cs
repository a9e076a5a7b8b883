using NodeMesh.Contract.Kernel;
using NodeMesh.Proxy.Dialing;
using Xunit;

namespace NodeMesh.UnitTests.Dialing;

public sealed class DialSocketPoolTests
{
    // Descriptors that are none: closing them does nothing.
    private static int[] Sockets(int count) => [.. Enumerable.Range(1_000_000_000, count)];

    private readonly List<int> _asked = [];
    private readonly ManualTime _time = new();
    private readonly DialSocketPool _pool;

    public DialSocketPoolTests() => _pool = new DialSocketPool(_asked.Add, _time);

    [Fact]
    public void Filling_asks_for_one_level()
    {
        _pool.Fill();
        Assert.Equal([DialSocketPool.MinLevel], _asked);
    }

    [Fact]
    public void More_are_asked_for_at_half_and_only_once()
    {
        _pool.Fill();
        _pool.Add(Sockets(16));
        Take(7);
        Assert.Single(_asked);
        Take(1);
        Assert.Equal([16, 8], _asked);
        Take(4);
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public void A_pool_that_runs_dry_asks_for_larger_batches_up_to_a_limit()
    {
        for (var round = 0; round < 10; round++)
        {
            while (_pool.TryTake(out _))
            {
            }
            _pool.Add(Sockets(_asked.Sum()));
            _asked.Clear();
        }
        Assert.Equal(DialSocketPool.MaxLevel, _pool.Count);
    }

    [Fact]
    public void A_pool_that_is_used_little_goes_back_to_small_batches()
    {
        A_pool_that_runs_dry_asks_for_larger_batches_up_to_a_limit();
        for (var minute = 0; minute < 5; minute++)
        {
            _time.Advance(TimeSpan.FromSeconds(61));
            Take(1);
        }
        _asked.Clear();
        while (_asked.Count == 0)
        {
            Take(1);
        }
        Assert.True(_asked[0] <= DialSocketPool.MinLevel, $"asked for {_asked[0]}");
    }

    [Fact]
    public void A_waiter_is_served_before_the_stock()
    {
        var waiter = new Waiter();
        Assert.False(_pool.TryTake(out _));
        _pool.Wait(waiter);
        _pool.Add(Sockets(2));

        Assert.Equal(Sockets(1)[0], Assert.Single(waiter.Served));
        Assert.Equal(1, _pool.Count);
    }

    [Fact]
    public void A_waiter_that_left_is_not_served()
    {
        var waiter = new Waiter();
        _pool.Wait(waiter);
        Assert.True(_pool.StopWaiting(waiter));
        _pool.Add(Sockets(1));

        Assert.Empty(waiter.Served);
        Assert.Equal(1, _pool.Count);
    }

    [Fact]
    public void An_answer_that_never_comes_is_asked_for_again()
    {
        Assert.False(_pool.TryTake(out _));
        Assert.False(_pool.TryTake(out _));
        Assert.Single(_asked);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(_pool.TryTake(out _));
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public void Closing_tells_those_who_wait()
    {
        var waiter = new Waiter();
        _pool.Wait(waiter);
        _pool.Close();

        Assert.Null(Assert.Single(waiter.Served));
        Assert.False(_pool.TryTake(out _));
    }

    /// <summary>A burst: takers come while answers are under way, and none comes after them who would ask once more.</summary>
    [Fact]
    public void Everyone_of_a_burst_is_served_though_the_agent_sends_only_so_many_at_once()
    {
        _pool.Fill();
        var waiters = Enumerable.Range(0, 1000).Select(_ => new Waiter()).ToArray();
        foreach (var waiter in waiters)
        {
            if (_pool.TryTake(out var socket))
            {
                waiter.OnSocket(socket);
            }
            else
            {
                _pool.Wait(waiter);
            }
        }

        for (var answer = 0; answer < _asked.Count; answer++)
        {
            _pool.Add(Sockets(Math.Min(_asked[answer], PacketSocket.MaxDescriptors)));
        }

        Assert.All(waiters, waiter => Assert.NotNull(Assert.Single(waiter.Served)));
        Assert.InRange(_pool.Count, 1, DialSocketPool.MaxLevel);
    }

    /// <summary>The agent answers with nothing when it cannot: asking again at once would go round and round.</summary>
    [Fact]
    public void An_empty_answer_is_not_asked_about_again()
    {
        Assert.False(_pool.TryTake(out _));
        _pool.Wait(new Waiter());
        var asked = _asked.Count;

        _pool.Add([]);

        Assert.Equal(asked, _asked.Count);
    }

    private void Take(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.True(_pool.TryTake(out _));
        }
    }

    private sealed class Waiter : IDialSocketWaiter
    {
        public List<int?> Served { get; } = [];

        public void OnSocket(int? socket) => Served.Add(socket);
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _now = 1;

        public override long GetTimestamp() => _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
