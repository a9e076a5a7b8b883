namespace NodeMesh.Cli.Traffic;

/// <summary>The last scrapes: rates and percentiles are of the time between the oldest and the newest.</summary>
internal sealed class TrafficWindow(TimeProvider time)
{
    private static readonly TimeSpan _length = TimeSpan.FromSeconds(6);

    private readonly Queue<(long Timestamp, TrafficTotals Totals)> _scrapes = new();
    private long _latestAt;

    public TrafficTotals? Latest { get; private set; }

    public void Add(TrafficTotals totals) => Add(totals, time.GetTimestamp());

    /// <param name="timestamp">When it was so.</param>
    public void Add(TrafficTotals totals, long timestamp)
    {
        (Latest, _latestAt) = (totals, timestamp);
        _scrapes.Enqueue((timestamp, totals));
        while (_scrapes.Count > 2 && time.GetElapsedTime(_scrapes.Peek().Timestamp, timestamp) > _length)
        {
            _scrapes.Dequeue();
        }
    }

    /// <summary>The part of a route's requests that went there, 0 to 1; null: there were none.</summary>
    public double? Share(string route, string destination)
    {
        if (_scrapes.Count < 2)
        {
            return null;
        }
        var earliest = _scrapes.Peek().Totals.Routed;
        var recent = Latest!.Routed.Where(way => way.Key.Route == route).Select(way => (way.Key.Destination, Requests: way.Value - earliest.GetValueOrDefault(way.Key))).ToList();
        var all = recent.Sum(way => way.Requests);
        return all > 0 ? recent.Where(way => way.Destination == destination).Sum(way => way.Requests) / all : null;
    }

    /// <summary>One row a flow that carried anything since the mesh started, in a fixed order.</summary>
    public IReadOnlyList<FlowRow> Rows()
    {
        if (_scrapes.Count < 2)
        {
            return [];
        }
        var (since, earliest) = _scrapes.Peek();
        var seconds = time.GetElapsedTime(since, _latestAt).TotalSeconds;
        return [.. Latest!.Flows
            .OrderBy(flow => (flow.Key.SourceNamespace, flow.Key.Source, flow.Key.DestinationNamespace, flow.Key.Destination, flow.Key.Service, flow.Key.Protocol))
            .Select(flow => FlowRow.From(flow.Key, flow.Value, flow.Value.Since(earliest.Flows.GetValueOrDefault(flow.Key)), seconds))];
    }
}
