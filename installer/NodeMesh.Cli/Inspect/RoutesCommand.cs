using System.CommandLine;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Output;

namespace NodeMesh.Cli.Inspect;

/// <summary><c>nodemesh routes</c>: the routes of Services, and whether they are in force.</summary>
internal static class RoutesCommand
{
    public static readonly (string Kind, string Path)[] Kinds =
    [
        ("HTTPRoute", "/apis/gateway.networking.k8s.io/v1/httproutes"),
        ("GRPCRoute", "/apis/gateway.networking.k8s.io/v1/grpcroutes"),
        ("TLSRoute", "/apis/gateway.networking.k8s.io/v1alpha2/tlsroutes"),
        ("TCPRoute", "/apis/gateway.networking.k8s.io/v1alpha2/tcproutes"),
    ];

    public static Command Create()
    {
        var output = new OutputOption();
        var cluster = new ClusterOptions();
        var command = cluster.AddTo(new Command("routes", "Shows the routes that have a Service as parent, and whether they are in force.") { output.Option });
        command.SetAction((result, cancellation) => CommandFailure.ReportAsync("routes", async () =>
        {
            using var api = cluster.Connect(result);
            var rows = await ReadAsync(api, cancellation);
            output.Print(
                result, rows, Column.Of("NAMESPACE", "namespace"), Column.Of("KIND", "kind"), Column.Of("NAME", "name"), Column.Of("SERVICE", "service"),
                Column.Of("ACCEPTED", "accepted"), Column.Of("REFS", "resolvedRefs"), Column.Of("HOSTNAMES", "hostnames", isWide: true), Column.Of("WHY", "why"));
            return 0;
        }));
        return command;
    }

    /// <summary>A row for every parent of every route.</summary>
    public static async Task<JsonArray> ReadAsync(ClusterApi api, CancellationToken cancellation)
    {
        var rows = new JsonArray();
        foreach (var (kind, path) in Kinds)
        {
            foreach (var route in await api.ListAsync(path, cancellation))
            {
                var home = route["metadata"]!["namespace"]?.ToString() ?? "default";
                foreach (var parent in (route["spec"]?["parentRefs"] as JsonArray ?? []).OfType<JsonNode>().Where(p => p["kind"]?.ToString() == "Service"))
                {
                    rows.Add((JsonNode)Row(kind, home, route, parent));
                }
            }
        }
        return rows;
    }

    private static JsonObject Row(string kind, string home, JsonNode route, JsonNode parent)
    {
        var status = (route["status"]?["parents"] as JsonArray ?? []).FirstOrDefault(p =>
            p?["parentRef"]?["name"]?.ToString() == parent["name"]?.ToString() && p?["parentRef"]?["port"]?.ToString() == parent["port"]?.ToString());
        var conditions = (status?["conditions"] as JsonArray ?? []).OfType<JsonNode>().ToDictionary(c => c["type"]!.ToString());
        var bad = conditions.Values.Where(c => c["status"]?.ToString() != "True").Select(c => $"{c["reason"]}: {c["message"]}");
        return new JsonObject
        {
            ["namespace"] = home,
            ["kind"] = kind,
            ["name"] = route["metadata"]!["name"]?.ToString(),
            ["service"] = $"{parent["namespace"]?.ToString() ?? home}/{parent["name"]}{(parent["port"] is { } port ? $":{port}" : "")}",
            ["accepted"] = conditions.GetValueOrDefault("Accepted")?["status"]?.ToString() ?? "Unknown",
            ["resolvedRefs"] = conditions.GetValueOrDefault("ResolvedRefs")?["status"]?.ToString() ?? "Unknown",
            ["hostnames"] = route["spec"]?["hostnames"]?.DeepClone(),
            ["why"] = status is null ? "no status yet: no agent has compiled it" : string.Join("; ", bad),
        };
    }
}
