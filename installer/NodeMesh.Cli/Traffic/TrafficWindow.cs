namespace NodeMesh.Cli.Traffic;

/// <summary>The last scrapes: rates and percentiles are of the time between the oldest and the newest.</summary>
internal sealed class TrafficWindow(TimeProvider time)
{
    private static readonly TimeSpan _length = TimeSpan.FromSeconds(6);

    private readonly Queue<(long Timestamp, TrafficTotals Totals)> _scrapes = new();

    public TrafficTotals? Latest { get; private set; }

    public void Add(TrafficTotals totals)
    {
        Latest = totals;
        _scrapes.Enqueue((time.GetTimestamp(), totals));
        while (_scrapes.Count > 2 && time.GetElapsedTime(_scrapes.Peek().Timestamp) > _length)
        {
            _scrapes.Dequeue();
        }
    }

    /// <summary>One row a flow that carried anything since the mesh started, in a fixed order.</summary>
    public IReadOnlyList<FlowRow> Rows()
    {
        if (_scrapes.Count < 2)
        {
            return [];
        }
        var (since, earliest) = _scrapes.Peek();
        var seconds = time.GetElapsedTime(since).TotalSeconds;
        return [.. Latest!.Flows
            .OrderBy(flow => (flow.Key.SourceNamespace, flow.Key.Source, flow.Key.DestinationNamespace, flow.Key.Destination, flow.Key.Service, flow.Key.Protocol))
            .Select(flow => FlowRow.From(flow.Key, flow.Value, flow.Value.Since(earliest.Flows.GetValueOrDefault(flow.Key)), seconds))];
    }
}
