using System.Globalization;
using NodeMesh.Contract.AccessLogs;

namespace NodeMesh.Proxy.Telemetry.AccessLogs;

/// <summary>A value that a format may name between percent signs. JSON lines have it under its name in lower case.</summary>
/// <param name="IsNumber">JSON has it without quotes.</param>
/// <param name="Value">Null or empty: absent, "-" in text and null in JSON.</param>
internal sealed record AccessLogOperator(string Name, bool IsNumber, Func<TrafficRecord, string?> Value)
{
    /// <summary>Not every line need have it: people put keys and tokens into queries.</summary>
    private const string Query = "QUERY";

    public static IReadOnlyList<AccessLogOperator> All { get; } =
    [
        Text("START_TIME", record => record.Start.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)),
        Text("DIRECTION", record => record.Direction.Word()),
        Text("PROTOCOL", record => record.Protocol.Word()),
        Text("METHOD", record => record.Method),
        Text("AUTHORITY", record => record.Authority),
        Text("PATH", record => record.Path),
        Text(Query, record => record.Query),
        Text("USER_AGENT", record => record.UserAgent),
        Text("REQUEST_ID", record => record.RequestId),
        Text("TRACE_ID", record => record.TraceId),
        Number("STATUS", record => record.Method is null ? null : record.Status),
        Text("GRPC_STATUS", record => record.GrpcStatus),
        Text("NODEMESH_ERROR", record => record.Reason.Word()),
        Text("POLICY", record => record.Policy),
        Number("ATTEMPTS", record => record.Attempts),
        Milliseconds("DURATION", record => record.Duration),
        Milliseconds("TIME_TO_FIRST_BYTE", record => record.TimeToFirstByte),
        Number("BYTES_RECEIVED", record => record.BytesReceived),
        Number("BYTES_SENT", record => record.BytesSent),
        Text("SOURCE_ADDRESS", record => record.Client.ToString()),
        Text("SOURCE_NAMESPACE", record => record.Source?.Namespace),
        Text("SOURCE_WORKLOAD", record => record.Source?.Owner),
        Text("SOURCE_POD", record => record.Source?.Name),
        Text("DESTINATION_ADDRESS", record => record.Dialled.ToString()),
        Text("DESTINATION_NAMESPACE", record => record.Destination?.Namespace),
        Text("DESTINATION_WORKLOAD", record => record.Destination?.Owner),
        Text("DESTINATION_POD", record => record.Destination?.Name),
        Text("SERVICE", record => record.Service),
        Text("ROUTE", record => record.Route),
        Text("RULE", record => record.Rule),
        Text("ENDPOINT", record => record.Endpoint?.ToString()),
        Text("SERVER_NAME", record => record.ServerName),
    ];

    public static IReadOnlyList<AccessLogOperator> InJson { get; } = [.. All.Where(named => named.Name != Query)];

    /// <summary>Its name in JSON.</summary>
    public string Field { get; } = Name.ToLowerInvariant();

    /// <exception cref="FormatException">There is none.</exception>
    public static AccessLogOperator Named(string name) =>
        All.FirstOrDefault(named => named.Name == name) ?? throw new FormatException($"no operator of an access log: {name}");

    /// <param name="place">Among the fields of requests that the format asks for.</param>
    public static AccessLogOperator OfRequest(int place) => Text(AccessLogTemplate.RequestHeader, record => record.RequestHeaders?[place]);

    /// <param name="place">Among the fields of responses that the format asks for.</param>
    public static AccessLogOperator OfResponse(int place) => Text(AccessLogTemplate.ResponseHeader, record => record.ResponseHeaders?[place]);

    private static AccessLogOperator Text(string name, Func<TrafficRecord, string?> value) => new(name, IsNumber: false, value);

    private static AccessLogOperator Number(string name, Func<TrafficRecord, long?> value) =>
        new(name, IsNumber: true, record => value(record)?.ToString(CultureInfo.InvariantCulture));

    private static AccessLogOperator Milliseconds(string name, Func<TrafficRecord, TimeSpan?> value) =>
        new(name, IsNumber: true, record => value(record)?.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture));
}
