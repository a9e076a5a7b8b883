using System.Globalization;

namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>A value that a format may name between percent signs. JSON lines have each under its name in lower case.</summary>
/// <param name="IsNumber">JSON has it without quotes.</param>
/// <param name="Value">Null or empty: absent, "-" in text and null in JSON.</param>
internal sealed record AccessLogOperator(string Name, bool IsNumber, Func<AccessRecord, string?> Value)
{
    public static IReadOnlyList<AccessLogOperator> All { get; } =
    [
        new("START_TIME", false, record => record.Start.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)),
        new("METHOD", false, record => record.Method),
        new("PATH", false, record => record.Path),
        new("RESPONSE_CODE", true, record => Number(record.Status)),
        new("DURATION", true, record => Number((long)record.Duration.TotalMilliseconds)),
        new("BYTES_RECEIVED", true, record => Number(record.BytesReceived)),
        new("BYTES_SENT", true, record => Number(record.BytesSent)),
        new("ATTEMPTS", true, record => Number(record.Attempts)),
        new("SOURCE_NAMESPACE", false, record => record.SourceNamespace),
        new("SOURCE_WORKLOAD", false, record => record.SourceWorkload),
        new("SOURCE_POD", false, record => record.SourcePod),
        new("DESTINATION_NAMESPACE", false, record => record.DestinationNamespace),
        new("DESTINATION_WORKLOAD", false, record => record.DestinationWorkload),
        new("DESTINATION_POD", false, record => record.DestinationPod),
        new("SERVICE", false, record => record.Service),
        new("ROUTE", false, record => record.Route),
        new("ENDPOINT", false, record => record.Endpoint),
        new("NODEMESH_ERROR", false, record => record.Reason.Word()),
    ];

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
