using NodeMesh.Proxy.Forwarding.Http;
using Xunit;

namespace NodeMesh.UnitTests.Forwarding.Http;

public sealed class RestedMemoryTests
{
    private readonly RestedMemory _memory;
    private TimeSpan _used;
    private int _collections;

    public RestedMemoryTests() => _memory = new RestedMemory(() => _used, () => _collections++);

    [Fact]
    public void It_is_collected_once_when_many_have_gone_to_rest()
    {
        Rest(499);
        Pass(10);
        Assert.Equal(0, _collections);

        Rest(1);
        Pass(10);
        Assert.Equal(1, _collections);

        Rest(500);
        Pass(10);
        Assert.Equal(2, _collections);
    }

    [Fact]
    public void Not_while_more_go_to_rest_but_for_a_few()
    {
        for (var turn = 0; turn < 10; turn++)
        {
            Rest(200);
            Pass(1);
        }
        Assert.Equal(0, _collections);

        Rest(10);
        Pass(1);
        Assert.Equal(1, _collections);
    }

    [Fact]
    public void Not_while_the_proxy_is_at_work()
    {
        Rest(1000);
        for (var turn = 0; turn < 10; turn++)
        {
            _used += TimeSpan.FromMilliseconds(150); // of two seconds
            Pass(1);
        }
        Assert.Equal(0, _collections);

        _used += TimeSpan.FromMilliseconds(50);
        Pass(1);
        Assert.Equal(1, _collections);
    }

    private void Rest(int connections)
    {
        for (var number = 0; number < connections; number++)
        {
            _memory.Rested();
        }
    }

    private void Pass(int looks)
    {
        for (var look = 0; look < looks; look++)
        {
            _memory.Look();
        }
    }
}
