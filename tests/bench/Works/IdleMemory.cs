using System.Text;
using CliWrap;
using NodeMesh.Bench.Machines;
using NodeMesh.Bench.Systems;

namespace NodeMesh.Bench.Works;

/// <summary>Memory of a system that just started, and what each connection adds that did one round trip and then stays open.</summary>
internal sealed record IdleMemory(MemoryUse Fresh, double? BytesPerConnection, string? Error)
{
    private const int FewerTimes = 8;

    /// <summary>Idle is more than a pause between two requests: NodeMesh lets go of most of a connection after some seconds.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    public static async Task<IdleMemory> TakeAsync(
        MeasuredSystem system, IdleKind kind, Cgroup client, Workspace workspace, int connections, CancellationToken cancelled)
    {
        await Task.Delay(Settle, cancelled);
        var fresh = system.Cgroup!.Memory();
        // The first connections bring in code and pools that all others share: what one more costs is the difference to them.
        var few = connections / FewerTimes;
        var (least, error) = await HoldAsync(system, kind, client, workspace, few, cancelled);
        var (most, second) = await HoldAsync(system, kind, client, workspace, connections, cancelled);
        error ??= second;
        return error is null ? new IdleMemory(fresh, (most.Pss - least.Pss) / (double)(connections - few), null) : new IdleMemory(fresh, null, error);
    }

    private static async Task<(MemoryUse Held, string? Error)> HoldAsync(
        MeasuredSystem system, IdleKind kind, Cgroup client, Workspace workspace, int connections, CancellationToken cancelled)
    {
        var held = default(MemoryUse);
        var output = new StringBuilder();
        await using var input = new HoldOpen();
        await new Placement(system.Client.Namespace, client)
            .Command(workspace.Load, kind.LoadMode, system.Address, $"{kind.Port}", $"{connections}")
            .WithStandardInputPipe(PipeSource.FromStream(input))
            .WithStandardErrorPipe(PipeTarget.ToStringBuilder(output))
            .WithStandardOutputPipe(PipeTarget.ToDelegate(async line =>
            {
                output.AppendLine(line);
                if (line == "ready")
                {
                    await Task.Delay(Idle, cancelled);
                    held = system.Cgroup!.Memory();
                    input.End();
                }
            }))
            .ExecuteAsync(cancelled);
        var result = LoadResult.Parse(output.ToString());
        return result.Errors > 0 || result.Requests < connections
            ? (held, $"{connections - result.Requests} of {connections} idle connections failed: {result.Error}")
            : (held, null);
    }
}
