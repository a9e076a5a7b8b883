using System.Globalization;
using Google.Protobuf;
using NodeMesh.Contract.Otlp;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Telemetry.Tracing;

namespace NodeMesh.Proxy.Telemetry.Otlp;

/// <summary>The spans of sampled requests, each filed under the workload whose side it is.</summary>
internal static class OtlpSpans
{
    private const int ClientError = 400, ServerError = 500;
    private const long NanosecondsPerTick = 100;

    public static ExportTraceServiceRequest Of(IEnumerable<TrafficRecord> records)
    {
        var request = new ExportTraceServiceRequest();
        foreach (var group in records.SelectMany(Of).GroupBy(span => span.Side))
        {
            var spans = new ScopeSpans { Scope = OtlpAttributes.Scope };
            spans.Spans.AddRange(group.Select(span => span.Span));
            request.ResourceSpans.Add(new ResourceSpans { Resource = OtlpAttributes.Resource(group.Key), ScopeSpans = { spans } });
        }
        return request;
    }

    public static ulong Nanoseconds(DateTimeOffset time) => (ulong)((time - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick);

    public static ByteString Bytes(string digits) => ByteString.CopyFrom(Convert.FromHexString(digits));

    private static IEnumerable<(WorkloadEntry? Side, Span Span)> Of(TrafficRecord record)
    {
        if (record.Trace is not { } trace)
        {
            yield break;
        }
        if (trace.ClientSpanId is { } client)
        {
            var span = Begin(record, trace, client, trace.ParentId, Span.Types.Kind.Client, record.Start);
            OtlpAttributes.AddEnd(span.Attributes, "network.peer", record.Endpoint);
            OtlpAttributes.Add(span.Attributes, "http.request.resend_count", record.Attempts > 1 ? record.Attempts - 1 : null);
            OtlpAttributes.Add(span.Attributes, "url.full", record.Authority is { Length: > 0 } authority ? $"http://{authority}{record.Path}" : null);
            foreach (var (at, endpoint) in record.Retries)
            {
                var retry = new Span.Types.Event { TimeUnixNano = Nanoseconds(record.Start + at), Name = "retry" };
                OtlpAttributes.AddEnd(retry.Attributes, "network.peer", endpoint);
                span.Events.Add(retry);
            }
            End(span, record, ClientError);
            yield return (record.Source, span);
        }
        if (trace.ClientSpanId is null || trace.HasServerSide)
        {
            // Of several attempts the last one came here.
            var span = Begin(record, trace, trace.ServerSpanId, trace.ClientSpanId ?? trace.ParentId, Span.Types.Kind.Server, record.Start + (trace.ClientSpanId is null ? TimeSpan.Zero : record.LastAttemptAt));
            OtlpAttributes.AddEnd(span.Attributes, "client", record.Client);
            End(span, record, ServerError);
            yield return (record.Destination, span);
        }
    }

    private static Span Begin(TrafficRecord record, TraceContext trace, string id, string? parent, Span.Types.Kind kind, DateTimeOffset start)
    {
        var span = new Span
        {
            TraceId = Bytes(trace.TraceId),
            SpanId = Bytes(id),
            ParentSpanId = parent is null ? ByteString.Empty : Bytes(parent),
            TraceState = trace.State,
            Flags = trace.Flags,
            Kind = kind,
            StartTimeUnixNano = Nanoseconds(start),
            EndTimeUnixNano = Nanoseconds(record.Start + record.Duration),
        };
        OtlpAttributes.AddShared(span.Attributes, record);
        // Methods are few, paths are not: but those of gRPC calls are, and name the call.
        span.Name = record.GrpcStatus is not null ? record.Path!.TrimStart('/')
            : span.Attributes[0].Value.StringValue is var method && method.StartsWith('_') ? "HTTP" : method;
        return span;
    }

    /// <param name="fails">The least status that this side calls an error: what its client did wrong is none of a server's.</param>
    private static void End(Span span, TrafficRecord record, int fails)
    {
        var isGrpcError = record.GrpcStatus is { } code && (fails == ClientError ? code != "0" : code is "2" or "4" or "12" or "13" or "14" or "15" or "");
        var error = record.Reason is not (Reason.None or Reason.DownstreamReset) ? record.Reason.Word()
            : isGrpcError ? record.GrpcStatus
            : record.Status >= fails ? record.Status.ToString(CultureInfo.InvariantCulture)
            : null;
        if (error is not null)
        {
            OtlpAttributes.Add(span.Attributes, "error.type", error.Length == 0 ? "unknown" : error);
            span.Status = new Status { Code = Status.Types.Code.Error };
        }
    }
}
