using System.Text.Json.Nodes;
using NodeMesh.Cli.Cluster;
using Spectre.Console;

namespace NodeMesh.Cli.Install;

/// <summary>The mesh's objects in a cluster: put there, waited for, taken away.</summary>
internal sealed class Installation(ClusterApi api, string @namespace, IAnsiConsole console)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    private string DaemonSet => $"/apis/apps/v1/namespaces/{@namespace}/daemonsets/nodemesh";

    private string Pods => $"/api/v1/namespaces/{@namespace}/pods?labelSelector=app.kubernetes.io%2Fname%3Dnodemesh";

    public async Task<int> ApplyAsync(string manifests, bool mustExist, TimeSpan limit, CancellationToken cancellation)
    {
        var before = await api.TryGetAsync(DaemonSet, cancellation);
        if (mustExist && before is null)
        {
            throw new ClusterException($"the mesh is not installed in namespace {@namespace} of {api.Server}: install it with nodemesh install, or name its namespace with --mesh-namespace");
        }
        foreach (var manifest in ManifestObject.ReadAll(manifests))
        {
            var isNew = await api.TryGetAsync(manifest.Path, cancellation) is null;
            await api.ApplyAsync(manifest, dryRun: false, cancellation);
            console.MarkupLineInterpolated($"[green]✓[/] {manifest} {(isNew ? "created" : "applied")}");
        }
        if (limit <= TimeSpan.Zero)
        {
            return 0;
        }
        var isReady = await WaitAsync("every node has its agent and proxy", limit, RolloutAsync, cancellation);
        if (isReady)
        {
            console.MarkupLine($"pods are meshed by a label: [bold]kubectl label namespace NAME nodemesh.io/mesh=enabled[/]; nodemesh check looks at it all");
        }
        return isReady ? 0 : 1;
    }

    public async Task<int> RemoveAsync(string manifests, TimeSpan limit, bool keepNamespace, CancellationToken cancellation)
    {
        // The DaemonSet goes first, alone: its agents see that it is gone, and take the CNI entry, the rules and the pins away. For that
        // they may need their rights until the last has ended.
        var objects = ManifestObject.ReadAll(manifests).Reverse().ToList();
        foreach (var daemonSet in objects.Where(o => o.Kind == "DaemonSet"))
        {
            await DeleteAsync(daemonSet, cancellation);
        }
        var isGone = await WaitAsync("every node is as it was", limit, GoneAsync, cancellation);
        if (!isGone)
        {
            console.MarkupLine("[yellow]the rights of the agents are left in place, so that they can finish: run it again[/]");
            return 1;
        }
        foreach (var other in objects.Where(o => o.Kind != "DaemonSet" && !(keepNamespace && o.Kind == "Namespace")))
        {
            await DeleteAsync(other, cancellation);
        }
        return 0;
    }

    private async Task DeleteAsync(ManifestObject manifest, CancellationToken cancellation)
    {
        try
        {
            if (await api.DeleteAsync(manifest.Path, cancellation))
            {
                console.MarkupLineInterpolated($"[green]✓[/] {manifest} deleted");
            }
        }
        catch (ClusterException e) when (manifest.Kind == "Namespace")
        {
            console.MarkupLineInterpolated($"[yellow]![/] {e.Message}");
        }
    }

    private async Task<bool> WaitAsync(string what, TimeSpan limit, Func<CancellationToken, Task<(bool Done, string Now)>> look, CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        var said = "";
        while (true)
        {
            var (done, now) = await look(cancellation);
            if (done)
            {
                console.MarkupLineInterpolated($"[green]✓[/] {what} ({TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.#} s)");
                return true;
            }
            if (now != said)
            {
                console.MarkupLineInterpolated($"  {now}");
                said = now;
            }
            if (TimeProvider.System.GetElapsedTime(started) >= limit)
            {
                console.MarkupLineInterpolated($"[red]✗[/] not within {limit.TotalSeconds:0} s: {what}; {now}");
                return false;
            }
            await Task.Delay(LookInterval, cancellation);
        }
    }

    private async Task<(bool Done, string Now)> RolloutAsync(CancellationToken cancellation)
    {
        var set = await api.GetAsync(DaemonSet, cancellation);
        var wanted = Number(set, "desiredNumberScheduled");
        var isSeen = Number(set, "observedGeneration") >= (set["metadata"]?["generation"]?.GetValue<long>() ?? 0);
        var updated = Number(set, "updatedNumberScheduled");
        var ready = Number(set, "numberReady");
        if (isSeen && wanted > 0 && updated >= wanted && ready >= wanted)
        {
            return (true, "");
        }
        var why = isSeen ? await WhyAsync(cancellation) : "";
        return (false, $"{Math.Min(updated, ready)} of {wanted} nodes ready{(why.Length > 0 ? $"; {why}" : "")}");
    }

    private async Task<(bool Done, string Now)> GoneAsync(CancellationToken cancellation)
    {
        var left = await api.ListAsync(Pods, cancellation);
        return (left.Count == 0, $"{left.Count} nodes release their pods");
    }

    /// <summary>What keeps the first pod that is not ready from it.</summary>
    private async Task<string> WhyAsync(CancellationToken cancellation)
    {
        foreach (var pod in await api.ListAsync(Pods, cancellation))
        {
            foreach (var container in pod["status"]?["containerStatuses"] as JsonArray ?? [])
            {
                if (container?["state"]?["waiting"] is { } waiting)
                {
                    return $"{pod["spec"]?["nodeName"]}: {container["name"]}: {waiting["reason"]} {waiting["message"]}".Trim();
                }
            }
            if (pod["status"]?["conditions"] is JsonArray conditions
                && conditions.FirstOrDefault(c => c?["type"]?.ToString() == "PodScheduled" && c["status"]?.ToString() == "False") is { } unscheduled)
            {
                return $"{pod["metadata"]?["name"]}: {unscheduled["message"]}";
            }
        }
        return "";
    }

    private static long Number(JsonNode set, string name) => set["status"]?[name]?.GetValue<long>() ?? 0;
}
