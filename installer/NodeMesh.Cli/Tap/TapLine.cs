using System.Globalization;
using System.Text.Json.Nodes;

namespace NodeMesh.Cli.Tap;

/// <summary>A request or a connection as a person reads it.</summary>
internal static class TapLine
{
    public static string Of(JsonObject record)
    {
        var time = (string?)record["start_time"] is { Length: > 23 } start ? start[11..23] : "-";
        var what = record["method"] is null
            ? $"{Text(record, "protocol")}{(record["server_name"] is null ? "" : $" {Text(record, "server_name")}")}"
            : $"{Text(record, "method")} {Text(record, "path")} {Text(record, "status")}{(record["grpc_status"] is null ? "" : $" grpc-status {Text(record, "grpc_status")}")}";
        var line = $"{time} {Source(record)} > {Destination(record)}  {what}  {Milliseconds(record)} ms  {Size(record, "bytes_received")} in {Size(record, "bytes_sent")} out";
        if ((int?)record["attempts"] > 1)
        {
            line += $"  {record["attempts"]} attempts";
        }
        if (record["nodemesh_error"] is not null)
        {
            line += $"  {Text(record, "nodemesh_error")}{(record["policy"] is null ? "" : $" by {Text(record, "policy")}")}";
        }
        return line;
    }

    private static string Source(JsonObject record) => record["source_pod"] is null ? Text(record, "source_address") : Text(record, "source_pod");

    private static string Destination(JsonObject record)
    {
        var end = record["destination_pod"] is not null ? Text(record, "destination_pod") : record["endpoint"] is not null ? Text(record, "endpoint") : Text(record, "destination_address");
        return record["service"] is null ? end : $"{end} ({Text(record, "service")})";
    }

    private static string Milliseconds(JsonObject record) => ((double?)record["duration"] ?? 0).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Size(JsonObject record, string field) => $"{(long?)record[field] ?? 0} B";

    // What a client sent must not steer the terminal.
    private static string Text(JsonObject record, string field) =>
        record[field] is not { } value ? "-" : string.Concat(value.ToString().Select(character => char.IsControl(character) || char.GetUnicodeCategory(character) == UnicodeCategory.Format ? '?' : character));
}
