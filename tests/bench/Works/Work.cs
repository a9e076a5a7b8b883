using CliWrap;
using CliWrap.Buffered;
using NodeMesh.Bench.Machines;
using NodeMesh.Bench.Systems;

namespace NodeMesh.Bench.Works;

/// <summary>One thing that every system is asked to do, and the load generator for it.</summary>
internal abstract class Work(string id, string title)
{
    public string Id => id;

    public string Title => title;

    public virtual bool IsOpaque => false;

    /// <summary>One unit of this work: what the rate counts and the CPU time is divided by.</summary>
    public virtual string Unit => "request";

    /// <summary>How many units a run did.</summary>
    public virtual double Units(LoadResult result) => result.Requests;

    public abstract Task<LoadResult> RunAsync(MeasuredSystem system, Cgroup client, Workspace workspace, double seconds, CancellationToken cancelled);

    /// <summary>Once before measuring: what is wrong with an answer that comes through the system, or null.</summary>
    public virtual Task<string?> CheckAsync(MeasuredSystem system, Cgroup client, Workspace workspace, CancellationToken cancelled) =>
        Task.FromResult<string?>(null);

    protected static async Task<string> InClientAsync(
        MeasuredSystem system, Cgroup client, string program, IEnumerable<string> arguments, CancellationToken cancelled)
    {
        var result = await new Placement(system.Client.Namespace, client).Command(program, arguments).ExecuteBufferedAsync(cancelled);
        return result.IsSuccess
            ? result.StandardOutput
            : throw new BenchException($"{Path.GetFileName(program)} failed against {system.Name}: {result.StandardError.Trim()} {result.StandardOutput.Trim()}");
    }
}
