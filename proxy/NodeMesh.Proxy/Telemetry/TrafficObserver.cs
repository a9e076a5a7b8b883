using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry.AccessLogs;
using NodeMesh.Proxy.Telemetry.Otlp;
using NodeMesh.Proxy.Telemetry.Taps;
using NodeMesh.Proxy.Telemetry.Tracing;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>Knows who wants to be told of traffic, and tells them when it is over. Where nobody does it costs a look.</summary>
/// <param name="sinkOf">Where the lines of an access log go; null: nowhere, there are too many such places.</param>
/// <param name="spansTo">Where spans go.</param>
internal sealed class TrafficObserver(
    SnapshotStore store, Func<AccessLogEntry, IAccessLogSink?> sinkOf, Func<OtlpCollector, ISpanSink?> spansTo, TapTable taps, TelemetryMetrics metrics, TimeProvider time, Random random)
{
    /// <summary>null: nobody wants to know of the request.</summary>
    /// <param name="trace">The trace it is part of from here on, sampled or not; null: the mesh has no part in any.</param>
    public TrafficRecord? RequestBegins(in RouteChoice choice, Downstream downstream, TrafficProtocol protocol, in RequestHead head, out TraceContext? trace)
    {
        trace = null;
        return choice.Snapshot.PoliciesOf.HasTelemetry || !taps.IsEmpty ? Record(choice, downstream, protocol, head, out trace) : null;
    }

    /// <summary>null: nobody wants to know of the connection, should it be no HTTP.</summary>
    public TrafficRecord? ConnectionBegins(MeshSnapshot snapshot, ConnectionRoute route, IPEndPoint client, IPEndPoint dialled)
    {
        if (!snapshot.PoliciesOf.HasTelemetry && taps.IsEmpty)
        {
            return null;
        }
        var log = snapshot.PoliciesOf.TelemetryOf(route.Port, null, HomeOf(route)).Log;
        var watching = taps.ForConnection();
        return log is null && watching is null ? null : new TrafficRecord(this, route, client, dialled, time) { Log = log, Taps = watching };
    }

    public WorkloadEntry? FindWorkload(IPAddress address) => store.Current.FindWorkload(address);

    public void Ended(TrafficRecord record)
    {
        if (record.Log is { } log && log.Wants(record, random))
        {
            if (sinkOf(log) is { } sink)
            {
                sink.Write(log, record);
            }
            else
            {
                metrics.Dropped("collector", "failed");
            }
        }
        if (record.Trace is { } trace)
        {
            if (spansTo(trace.Rules.Collector) is { } spans)
            {
                spans.Write(record);
            }
            else
            {
                metrics.SpansDropped("failed", 1);
            }
        }
        if (record.Taps is { } watching)
        {
            foreach (var tap in watching)
            {
                tap.Ended(record);
            }
        }
    }

    private TrafficRecord? Record(in RouteChoice choice, Downstream downstream, TrafficProtocol protocol, in RequestHead head, out TraceContext? trace)
    {
        var route = downstream.Route;
        var (log, tracing) = choice.Snapshot.PoliciesOf.TelemetryOf(choice.Port ?? route.Port, choice.Rule, HomeOf(route));
        var watching = taps.IsEmpty ? null : taps.For(head);
        trace = null;
        Func<string, string?> field = head.Field;
        if (tracing is not null)
        {
            trace = TraceContext.Begin(tracing, field, downstream.Direction == Direction.Inbound, random);
        }
        if (log is null && watching is null && trace is not { IsSampled: true })
        {
            return null;
        }
        return new TrafficRecord(this, route, downstream.Client, downstream.OriginalDestination, time)
        {
            Log = log,
            RequestHeaders = log?.Format.OfRequest(field),
            Taps = watching,
            Trace = trace is { IsSampled: true } ? trace : null,
            TraceId = trace?.TraceId ?? TraceParent.Of(field)?.TraceId,
            Protocol = protocol,
            Method = head.Method,
            Path = head.Path.Length == head.Target.Length ? head.Target : head.Path.ToString(),
            Query = head.Query.Length == 0 ? null : head.Query.ToString(),
            Authority = head.Authority,
            UserAgent = head.Field("user-agent"),
            RequestId = head.Field("x-request-id"),
            Route = choice.Rule?.Route,
            Rule = choice.Rule?.Rule.Name,
        };
    }

    // Whose namespace's policy counts where there is no Service: the pod's that is reached, or, of what leaves the mesh, the pod's that sends.
    private static string HomeOf(ConnectionRoute route) => (route.Target ?? route.Source)?.Namespace ?? "";
}
