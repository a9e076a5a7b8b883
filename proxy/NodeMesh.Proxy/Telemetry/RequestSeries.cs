using System.Collections.Concurrent;
using Prometheus;

namespace NodeMesh.Proxy.Telemetry;

/// <summary>The series of all requests with the same labels. Resolved once per connection and destination; the child of an outcome is looked up once.</summary>
internal sealed class RequestSeries
{
    public static readonly string[] OutcomeNames = ["status", "grpc_status", "reason"];

    private static readonly string[] StatusClasses = ["0", "1xx", "2xx", "3xx", "4xx", "5xx"];

    private static readonly Exemplar.LabelKey TraceIdLabel = Exemplar.Key("trace_id");

    private readonly string[] _labels;
    private readonly Counter _requests;
    private readonly Histogram.Child _duration;

    // By status class, for what the mesh did not end and is no gRPC: nearly all requests.
    private readonly Counter.Child?[] _plain = new Counter.Child?[StatusClasses.Length];
    private readonly ConcurrentDictionary<(int StatusClass, string GrpcStatus, Reason Reason), Counter.Child> _others = new();

    internal RequestSeries(string[] labels, Counter requests, Histogram duration)
    {
        _labels = labels;
        _requests = requests;
        _duration = duration.WithLabels(labels);
    }

    /// <summary>A request is over.</summary>
    /// <param name="status">The status the downstream got; 0 when it got none, or not the whole response.</param>
    /// <param name="grpcStatus">The grpc-status trailer as it came; null when the request is no gRPC.</param>
    /// <param name="traceId">Of its trace, if that is sampled: an example of how long such requests take, for those who look into one. Else null.</param>
    public void Done(int status, string? grpcStatus, Reason reason, TimeSpan elapsed, string? traceId = null)
    {
        var statusClass = status / 100 is var hundreds and >= 1 and <= 5 ? hundreds : 0;
        var requests = reason == Reason.None && grpcStatus is null
            ? _plain[statusClass] ??= Child(statusClass, "", reason)
            : Other(statusClass, GrpcStatusCode.Known(grpcStatus), reason);
        requests.Inc();
        if (traceId is null)
        {
            _duration.Observe(elapsed.TotalSeconds);
        }
        else
        {
            _duration.Observe(elapsed.TotalSeconds, Exemplar.From(TraceIdLabel.WithValue(traceId)));
        }
    }

    private Counter.Child Other(int statusClass, string grpcStatus, Reason reason) =>
        _others.TryGetValue((statusClass, grpcStatus, reason), out var child)
            ? child
            : _others.GetOrAdd((statusClass, grpcStatus, reason), Child(statusClass, grpcStatus, reason));

    private Counter.Child Child(int statusClass, string grpcStatus, Reason reason) =>
        _requests.WithLabels([.. _labels, StatusClasses[statusClass], grpcStatus, reason.Word()]);
}
