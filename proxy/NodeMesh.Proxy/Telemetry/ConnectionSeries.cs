using Prometheus;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>The series of all connections with the same labels. Resolved once per connection; counting is an atomic add.</summary>
internal sealed class ConnectionSeries
{
    private readonly Counter.Child _opened;
    private readonly Gauge.Child _open;
    private readonly Counter.Child _sent;
    private readonly Counter.Child _received;
    private readonly Counter _closed;
    private readonly string[] _labels;
    private readonly Counter.Child?[] _closedByReason = new Counter.Child?[ReasonWords.Count];

    internal ConnectionSeries(string[] labels, Counter opened, Counter closed, Gauge open, Counter sent, Counter received)
    {
        _labels = labels;
        _opened = opened.WithLabels(labels);
        _open = open.WithLabels(labels);
        _sent = sent.WithLabels(labels);
        _received = received.WithLabels(labels);
        _closed = closed;
    }

    public void Opened()
    {
        _opened.Inc();
        _open.Inc();
    }

    /// <param name="reason"><see cref="Reason.None"/>: both sides were done.</param>
    public void Closed(Reason reason)
    {
        _open.Dec();
        (_closedByReason[(int)reason] ??= _closed.WithLabels([.. _labels, reason.Word()])).Inc();
    }

    /// <summary>Bytes towards the destination.</summary>
    public void Sent(long bytes) => _sent.Inc(bytes);

    /// <summary>Bytes from the destination.</summary>
    public void Received(long bytes) => _received.Inc(bytes);
}
