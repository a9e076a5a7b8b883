using System.Globalization;
using System.Text.Json.Nodes;
using NodeMesh.Bench.Machines;
using NodeMesh.Bench.Reporting;
using NodeMesh.Bench.Systems;
using NodeMesh.Bench.Works;

namespace NodeMesh.Bench.Observers;

/// <summary>HTTP/1.1 through one mesh, again and again with another who watches, in turns and each round in another order.</summary>
internal sealed class ObserverMeasurement(NodeMeshOneNode mesh, Cgroup client, Cgroup servers, Workspace workspace, CancellationToken cancelled)
{
    private static readonly Work Work = AllWorks.List[0];

    // Lines are written, and spans sent, at the latest a second after the request.
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(1.5);

    private int _applied;

    public async Task<ObserverReport> TakeAsync(BenchOptions options)
    {
        Progress.Say("observers: counting alone");
        var counting = CountingCost.Microseconds();
        var taken = Observer.All.ToDictionary(observer => observer, _ => (Rounds: new List<Measurement>(), Told: 0.0, Requests: 0.0));
        await mesh.StartAsync(cancelled);
        try
        {
            foreach (var observer in Observer.All)
            {
                Progress.Say($"observers: warming up {observer.Name}");
                await WithAsync(observer, () => Work.RunAsync(mesh, client, workspace, mesh.WarmUpSeconds, cancelled));
            }
            for (var round = 0; round < options.Rounds; round++)
            {
                for (var turn = 0; turn < Observer.All.Length; turn++)
                {
                    var observer = Observer.All[(turn + round) % Observer.All.Length];
                    Progress.Say($"observers: round {round + 1} of {options.Rounds}, {observer.Name}");
                    var before = await ToldAsync(observer);
                    var measured = await WithAsync(observer, () => Measurement.TakeAsync(Work, mesh, client, servers, workspace, options.Seconds, cancelled));
                    var (rounds, told, requests) = taken[observer];
                    rounds.Add(measured);
                    taken[observer] = (rounds, told + (await ToldAsync(observer) - before), requests + (measured.Rate * options.Seconds));
                }
            }
        }
        finally
        {
            await mesh.StopAsync();
        }
        var plain = taken[Observer.Plain].Rounds;
        return new ObserverReport(counting, [.. Observer.All.Select(observer => new ObserverResult(observer, taken[observer].Rounds, plain, observer.Counter is null ? null : taken[observer].Told / taken[observer].Requests))]);
    }

    private async Task<T> WithAsync<T>(Observer observer, Func<Task<T>> work)
    {
        await ApplyAsync(observer);
        await using var watching = observer.Watching is { } command ? new Daemon(new Placement(Topology.First.Namespace, client), workspace.PathOf("watching.log"), "sh", "-c", command) : null;
        var done = await work();
        watching?.ThrowIfExited();
        File.Delete(Path.Combine(mesh.AccessLogs, Observer.AccessLog));
        return done;
    }

    /// <summary>Waits until the proxy has the policy, or none.</summary>
    private async Task ApplyAsync(Observer observer)
    {
        var name = $"observer-{++_applied}";
        MeshResources.WriteTelemetry(workspace, name, observer.Policy);
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var config = await mesh.AskAsync("config", cancelled);
            var isApplied = observer.Policy is null ? !config.Contains("bench/observer-", StringComparison.Ordinal) : config.Contains($"bench/{name}\"", StringComparison.Ordinal);
            var versions = JsonNode.Parse(config)!;
            if (isApplied && $"{versions["version"]}" == $"{versions["proxyVersion"]}")
            {
                return;
            }
            await Task.Delay(100, cancelled);
        }
        throw new BenchException($"the proxy did not take the policy of {observer.Name} within 10 s");
    }

    private async Task<double> ToldAsync(Observer observer)
    {
        if (observer.Counter is not { } counter)
        {
            return 0;
        }
        await Task.Delay(Told, cancelled);
        var metrics = await mesh.AskAsync("metrics", cancelled);
        return metrics.Split('\n').Where(line => line.StartsWith(counter, StringComparison.Ordinal)).Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
