using System.Threading.Channels;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Serving;

/// <summary>Who watches traffic, and the proxies that tell of it. A tap outlives a proxy: its successor is told of it.</summary>
internal sealed class TapHub
{
    /// <summary>Open at a time on this node: each one makes the proxy keep records.</summary>
    public const int Most = 4;

    private const int Queued = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, (TapFilter Filter, Channel<TapEvent> Events)> _taps = [];
    private readonly List<Channel<TapOrder>> _proxies = [];
    private ulong _last;

    /// <summary>null: as many as may be are open.</summary>
    public (ulong Tap, ChannelReader<TapEvent> Events)? Open(TapFilter filter)
    {
        lock (_lock)
        {
            if (_taps.Count >= Most)
            {
                return null;
            }
            var events = Channel.CreateBounded<TapEvent>(Queued);
            _taps.Add(++_last, (filter, events));
            Tell(new TapOrder { Tap = _last, Start = filter });
            return (_last, events.Reader);
        }
    }

    public void Close(ulong tap)
    {
        lock (_lock)
        {
            _taps.Remove(tap);
            Tell(new TapOrder { Tap = tap });
        }
    }

    /// <summary>A proxy is there: what it is to be told, from now on and so far.</summary>
    public Channel<TapOrder> Enter()
    {
        var orders = Channel.CreateUnbounded<TapOrder>();
        lock (_lock)
        {
            foreach (var (tap, (filter, _)) in _taps)
            {
                orders.Writer.TryWrite(new TapOrder { Tap = tap, Start = filter });
            }
            _proxies.Add(orders);
        }
        return orders;
    }

    public void Leave(Channel<TapOrder> orders)
    {
        lock (_lock)
        {
            _proxies.Remove(orders);
        }
    }

    /// <summary>A proxy has something to tell.</summary>
    /// <returns>False: the watcher reads too slowly, and it is left out.</returns>
    public bool Tell(TapEvent told)
    {
        lock (_lock)
        {
            return !_taps.TryGetValue(told.Tap, out var tap) || tap.Events.Writer.TryWrite(told);
        }
    }

    private void Tell(TapOrder order)
    {
        foreach (var proxy in _proxies)
        {
            proxy.Writer.TryWrite(order);
        }
    }
}
