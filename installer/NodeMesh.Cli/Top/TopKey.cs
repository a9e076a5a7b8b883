using NodeMesh.Cli.Metrics;

namespace NodeMesh.Cli.Top;

/// <summary>What the rows of `nodemesh top` are, and which samples count for each.</summary>
internal static class TopKey
{
    /// <returns>The row a sample counts for; null: none.</returns>
    public static string? Of(string by, MetricSample sample) => by switch
    {
        // Routes are obeyed beside the client; there a request is counted whatever becomes of it.
        "route" => sample["direction"] == "inbound" || sample["route"].Length == 0 ? null : sample["route"],
        "service" => sample["direction"] == "inbound" || sample["destination_service"].Length == 0 ? null : sample["destination_service"],
        // Every request of a meshed pod is counted where it leaves; where it arrives, those alone that come from outside the mesh.
        "workload" => sample["destination_workload"] is "" or "unknown" || (sample["direction"] == "inbound" && sample["source_workload"] != "unknown")
            ? null
            : $"{sample["destination_namespace"]}/{sample["destination_workload"]}",
        _ => throw new ArgumentOutOfRangeException(nameof(by), by, "no rows of top"),
    };
}
