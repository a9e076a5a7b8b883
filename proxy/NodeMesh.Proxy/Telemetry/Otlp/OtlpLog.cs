using NodeMesh.Contract.Otlp;
using NodeMesh.Proxy.Discovery;

namespace NodeMesh.Proxy.Telemetry.Otlp;

/// <summary>Lines of an access log as OpenTelemetry has them.</summary>
internal static class OtlpLog
{
    private const int Info = 9, Error = 17;

    public static ExportLogsServiceRequest Of(IEnumerable<TrafficRecord> records)
    {
        var request = new ExportLogsServiceRequest();
        foreach (var group in records.GroupBy(Side))
        {
            var logs = new ScopeLogs { Scope = OtlpAttributes.Scope };
            logs.LogRecords.AddRange(group.Select(Of));
            request.ResourceLogs.Add(new ResourceLogs { Resource = OtlpAttributes.Resource(group.Key), ScopeLogs = { logs } });
        }
        return request;
    }

    // Filed under whose side of it was seen.
    private static WorkloadEntry? Side(TrafficRecord record) => record.Direction == TrafficDirection.Inbound ? record.Destination : record.Source;

    private static LogRecord Of(TrafficRecord record)
    {
        var log = new LogRecord
        {
            TimeUnixNano = OtlpSpans.Nanoseconds(record.Start),
            ObservedTimeUnixNano = OtlpSpans.Nanoseconds(record.Start + record.Duration),
            SeverityNumber = record.IsError ? Error : Info,
            SeverityText = record.IsError ? "ERROR" : "INFO",
            Body = new AnyValue { StringValue = record.Method is null ? $"{record.Protocol.Word()} to {record.Dialled}" : $"{record.Method} {record.Path} {record.Status}" },
        };
        if (record.Trace is { } trace)
        {
            log.TraceId = OtlpSpans.Bytes(trace.TraceId);
            log.SpanId = OtlpSpans.Bytes(trace.ClientSpanId ?? trace.ServerSpanId);
            log.Flags = trace.Flags;
        }
        OtlpAttributes.AddShared(log.Attributes, record);
        OtlpAttributes.AddEnd(log.Attributes, "client", record.Client);
        OtlpAttributes.AddEnd(log.Attributes, "network.peer", record.Endpoint);
        OtlpAttributes.Add(log.Attributes, "nodemesh.source.workload", record.Source is { } source ? $"{source.Namespace}/{source.Owner}" : null);
        OtlpAttributes.Add(log.Attributes, "nodemesh.source.pod", record.Source?.Id);
        OtlpAttributes.Add(log.Attributes, "nodemesh.destination.workload", record.Destination is { } destination ? $"{destination.Namespace}/{destination.Owner}" : null);
        OtlpAttributes.Add(log.Attributes, "nodemesh.destination.pod", record.Destination?.Id);
        OtlpAttributes.Add(log.Attributes, "nodemesh.request_id", record.RequestId);
        OtlpAttributes.Add(log.Attributes, "nodemesh.attempts", record.Attempts);
        OtlpAttributes.Add(log.Attributes, "nodemesh.duration_microseconds", (long)record.Duration.TotalMicroseconds);
        OtlpAttributes.Add(log.Attributes, "tls.client.server_name", record.ServerName);
        OtlpAttributes.AddHeaders(log.Attributes, "http.request.header", record.Log?.Format.RequestHeaders, record.RequestHeaders);
        OtlpAttributes.AddHeaders(log.Attributes, "http.response.header", record.Log?.Format.ResponseHeaders, record.ResponseHeaders);
        return log;
    }
}
