namespace NodeMesh.Bench.Observers;

/// <summary>Somebody who wants to know of the requests while they run.</summary>
/// <param name="Policy">A part of a TelemetryPolicy for the Service; null: there is none.</param>
/// <param name="Watching">A shell command that goes on meanwhile on the machine; null: none.</param>
/// <param name="Counter">Counts what it was told; null: nothing does.</param>
internal sealed record Observer(string Name, string Title, string? Policy = null, string? Watching = null, string? Counter = null)
{
    public const string AccessLog = "bench.log";

    public static readonly Observer Plain = new("plain", "metrics alone, which are always counted");

    public static readonly Observer[] All =
    [
        Plain,
        new("scraped", "and read once a second", Watching: "while :; do curl -s -o /dev/null http://127.0.0.1:15020/metrics; sleep 1; done"),
        new("access log", "a line of JSON for each request, to a file", Policy: $"accessLog: {{file: {AccessLog}}}", Counter: "nodemesh_access_log_lines_total"),
        new("access log of errors", "the same with a filter that lets none of them through", Policy: $"accessLog: {{file: {AccessLog}, filter: {{errorsOnly: true}}}}", Counter: "nodemesh_access_log_lines_total"),
        new("traces of 1 %", "traceparent on each request, spans of one in a hundred to a collector", Policy: "tracing: {percentage: 1, collector: {name: collector, port: 80, protocol: HTTP}}", Counter: "nodemesh_trace_requests_total"),
        new("tap", "watched by one, who is told of 100 a second", Watching: "exec curl -sN -o /dev/null http://127.0.0.1:15020/tap"),
    ];
}
