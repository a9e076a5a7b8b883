using NodeMesh.Bench.Machines;
using NodeMesh.Bench.Systems;

namespace NodeMesh.Bench.Works;

/// <summary>Work that load.c does.</summary>
internal sealed class OwnLoad(string id, string title, string mode, int port, int connections) : Work(id, title)
{
    public override bool IsOpaque => Ports.Opaque.Contains(port);

    public override string Unit => mode switch { "bulk" => "GiB", "pingpong" => "round trip", _ => "connection" };

    public override double Units(LoadResult result) => mode == "bulk" ? result.Bytes / (double)(1L << 30) : result.Requests;

    public override async Task<LoadResult> RunAsync(
        MeasuredSystem system, Cgroup client, Workspace workspace, double seconds, CancellationToken cancelled) =>
        LoadResult.Parse(await InClientAsync(
            system, client, workspace.Load, [mode, system.Address, $"{port}", $"{connections}", $"{seconds}"], cancelled));
}
