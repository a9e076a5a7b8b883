using System.Net;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry.AccessLogs;
using NodeMesh.Proxy.Telemetry.Taps;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>Knows who wants to be told of traffic, and tells them when it is over. Where nobody does it costs a look.</summary>
/// <param name="sinkOf">Where the lines of an access log go.</param>
internal sealed class TrafficObserver(SnapshotStore store, Func<AccessLogEntry, IAccessLogSink> sinkOf, TapTable taps, TimeProvider time, Random random)
{
    /// <summary>null: nobody wants to know of the request.</summary>
    public TrafficRecord? RequestBegins(in RouteChoice choice, ConnectionRoute route, IPEndPoint client, IPEndPoint dialled, TrafficProtocol protocol, in RequestHead head) =>
        choice.Snapshot.PoliciesOf.HasTelemetry || !taps.IsEmpty ? Record(choice, route, client, dialled, protocol, head) : null;

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
            sinkOf(log).Write(log, record);
        }
        if (record.Taps is { } watching)
        {
            foreach (var tap in watching)
            {
                tap.Ended(record);
            }
        }
    }

    private TrafficRecord? Record(in RouteChoice choice, ConnectionRoute route, IPEndPoint client, IPEndPoint dialled, TrafficProtocol protocol, in RequestHead head)
    {
        var (log, _) = choice.Snapshot.PoliciesOf.TelemetryOf(choice.Port ?? route.Port, choice.Rule, HomeOf(route));
        var watching = taps.IsEmpty ? null : taps.For(head);
        if (log is null && watching is null)
        {
            return null;
        }
        return new TrafficRecord(this, route, client, dialled, time)
        {
            Log = log,
            Taps = watching,
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
