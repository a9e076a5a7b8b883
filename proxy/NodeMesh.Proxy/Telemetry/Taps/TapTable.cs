using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Telemetry.Taps;

/// <summary>The taps that are open. Few, and mostly none: then a request finds that out by one look.</summary>
internal sealed class TapTable(TimeProvider time)
{
    /// <summary>At once, whatever the agent asks for.</summary>
    public const int Most = 8;

    private readonly Lock _changing = new();
    private volatile Tap[] _taps = [];

    public bool IsEmpty => _taps.Length == 0;

    /// <param name="told">Takes what is told; false: it has no room.</param>
    public void Open(ulong id, TapFilter filter, Func<Tap, TrafficRecord, bool> told)
    {
        lock (_changing)
        {
            if (_taps.Length < Most)
            {
                _taps = [.. _taps.Where(tap => tap.Id != id), new Tap(id, filter, time, told)];
            }
        }
    }

    public void Close(ulong id)
    {
        lock (_changing)
        {
            _taps = [.. _taps.Where(tap => tap.Id != id)];
        }
    }

    public void CloseAll()
    {
        lock (_changing)
        {
            _taps = [];
        }
    }

    /// <summary>Those that may want a request; null: none.</summary>
    public Tap[]? For(in RequestHead head)
    {
        List<Tap>? wanting = null;
        foreach (var tap in _taps)
        {
            if (tap.MayWant(head))
            {
                (wanting ??= []).Add(tap);
            }
        }
        return wanting is null ? null : [.. wanting];
    }

    /// <summary>Those that may want a connection, should it be no HTTP; null: none.</summary>
    public Tap[]? ForConnection() => _taps is { Length: > 0 } taps && Array.FindAll(taps, tap => tap.MayWantConnections) is { Length: > 0 } wanting ? wanting : null;

    public IReadOnlyList<Tap> All => _taps;
}
