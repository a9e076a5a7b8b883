using NodeMesh.Bench.Machines;
using NodeMesh.Bench.Observers;
using NodeMesh.Bench.Reporting;
using NodeMesh.Bench.Scale;
using NodeMesh.Bench.Systems;
using NodeMesh.Bench.Works;

namespace NodeMesh.Bench;

/// <summary>
/// One run: the topology, the servers, first the memory of each system alone, then all systems at once and every work on each of
/// them in turns, round by round and each time in another order, so that a machine that gets slower does so for all.
/// </summary>
internal sealed class Bench
{
    private readonly BenchOptions _options;
    private readonly Workspace _workspace;
    private readonly CancellationToken _cancelled;
    private readonly List<MeasuredSystem> _systems;
    private readonly List<Work> _works;

    private Bench(BenchOptions options, Workspace workspace, List<MeasuredSystem> systems, List<Work> works, CancellationToken cancelled)
    {
        _options = options;
        _workspace = workspace;
        _systems = systems;
        _works = works;
        _cancelled = cancelled;
    }

    public static async Task RunAsync(BenchOptions options, CancellationToken cancelled)
    {
        var known = AllSystems(null!, options.Binaries).Select(s => s.Name).Concat(AllWorks.List.Select(w => w.Id)).Append("memory").Append("scale").Append("observers").ToArray();
        if (options.Only.FirstOrDefault(o => !known.Contains(o)) is { } unknown)
        {
            throw new BenchException($"--only: there is no '{unknown}', but {string.Join(", ", known)}");
        }
        if (options.Only is ["scale"])
        {
            await Outputs.WriteAsync(new Report(MachineFacts.Read(withPeers: false), options.Seconds, options.Rounds, 0, [], [], [], MeasureScale(options)), options);
            return;
        }
        var works = Chosen(AllWorks.List, w => w.Id, options, also: ["memory", "scale", "observers"]);
        var withMesh = Chosen(AllSystems(null!, options.Binaries), s => s.Name, options).Any(s => s.Name.StartsWith("nodemesh", StringComparison.Ordinal));
        Requirements.Check(withMesh ? [Path.Combine(options.Binaries, "nodemesh-agent"), Path.Combine(options.Binaries, "nodemesh-proxy")] : []);

        using var workspace = await Workspace.CreateAsync(cancelled);
        await Cgroup.RemoveAllAsync(); // what a killed run has left
        await Topology.RemoveAllAsync();
        workspace.RemoveOthers();
        try
        {
            await using var topology = await Topology.CreateAsync(cancelled);
            var systems = Chosen(AllSystems(workspace, options.Binaries), s => s.Name, options);
            var report = await new Bench(options, workspace, systems, works, cancelled).MeasureAsync();
            await Outputs.WriteAsync(report, options);
        }
        finally
        {
            await Cgroup.RemoveAllAsync();
        }
    }

    private static List<MeasuredSystem> AllSystems(Workspace workspace, string binaries)
    {
        var oneNode = new NodeMeshOneNode(workspace, binaries);
        return
        [
            new Direct(), new Relay(workspace), new Haproxy(workspace), new Nginx(workspace),
            oneNode, new NodeMeshTwoNodes(oneNode, workspace, binaries),
        ];
    }

    /// <summary>Those that --only names; all when it names none of this kind.</summary>
    private static List<T> Chosen<T>(IReadOnlyList<T> all, Func<T, string> name, BenchOptions options, params string[] also)
    {
        var chosen = all.Where(a => options.Only.Contains(name(a))).ToList();
        return chosen.Count > 0 || also.Any(options.Only.Contains) ? chosen : [.. all];
    }

    private async Task<Report> MeasureAsync()
    {
        using var client = new Cgroup("client");
        using var servers = new Cgroup("servers");
        await using var near = new Server(Topology.Server, _workspace, servers);
        await using var captured = new Server(Topology.CapturedServer, _workspace, servers);
        await using var far = new Server(Topology.FarServer, _workspace, servers);
        foreach (var server in new[] { near, captured, far })
        {
            await server.WaitAsync(_workspace, _cancelled);
        }
        var memory = await MeasureMemoryAsync(client);
        try
        {
            foreach (var system in _works.Count > 0 ? _systems : [])
            {
                Progress.Say($"starting {system.Name}");
                await system.StartAsync(_cancelled);
            }
            var results = new List<WorkResult>();
            foreach (var work in _works)
            {
                results.Add(await MeasureAsync(work, client, servers));
            }
            await StopAsync();
            var observers = await MeasureObserversAsync(client, servers);
            return new Report(MachineFacts.Read(), _options.Seconds, _options.Rounds, _options.IdleConnections, _systems, results, memory, MeasureScale(_options), observers);
        }
        finally
        {
            await StopAsync();
        }
    }

    private async Task StopAsync()
    {
        foreach (var system in _systems.AsEnumerable().Reverse())
        {
            await system.StopAsync();
        }
    }

    private async Task<ObserverReport?> MeasureObserversAsync(Cgroup client, Cgroup servers) =>
        (_options.Only.Count == 0 || _options.Only.Contains("observers")) && _systems.OfType<NodeMeshOneNode>().SingleOrDefault() is { } mesh
            ? await new ObserverMeasurement(mesh, client, servers, _workspace, _cancelled).TakeAsync(_options)
            : null;

    private static IReadOnlyList<ScaleResult> MeasureScale(BenchOptions options)
    {
        if (options.Only.Count > 0 && !options.Only.Contains("scale"))
        {
            return [];
        }
        Progress.Say("scale: compiling a large mesh");
        return ScaleMeasurement.Take();
    }

    private async Task<WorkResult> MeasureAsync(Work work, Cgroup client, Cgroup servers)
    {
        var results = new Dictionary<MeasuredSystem, SystemResult>();
        foreach (var system in _systems)
        {
            var refused = system.Refuses(work) ?? await work.CheckAsync(system, client, _workspace, _cancelled);
            results[system] = new SystemResult(system.Name, refused, []);
            if (refused is null)
            {
                Progress.Say($"{work.Id}: warming up {system.Name}");
                await work.RunAsync(system, client, _workspace, system.WarmUpSeconds, _cancelled);
            }
        }
        for (var round = 0; round < _options.Rounds; round++)
        {
            for (var turn = 0; turn < _systems.Count; turn++)
            {
                var system = _systems[(turn + round) % _systems.Count];
                if (results[system].Refused is null)
                {
                    Progress.Say($"{work.Id}: round {round + 1} of {_options.Rounds}, {system.Name}");
                    results[system].Rounds.Add(
                        await Measurement.TakeAsync(work, system, client, servers, _workspace, _options.Seconds, _cancelled));
                }
            }
        }
        return new WorkResult(work, [.. _systems.Select(s => results[s])]);
    }

    /// <summary>Each system alone and fresh, once for each kind of connection: what the allocator keeps of one would hide the other.</summary>
    private async Task<List<MemoryResult>> MeasureMemoryAsync(Cgroup client)
    {
        var results = new List<MemoryResult>();
        var wanted = _options.IdleConnections > 0 && (_options.Only.Contains("memory") || _works.Count == AllWorks.List.Length);
        foreach (var system in wanted ? _systems.Where(s => s.HasMemoryFigures) : [])
        {
            var opaque = await MeasureMemoryAsync(system, IdleKind.Opaque, client);
            var http = system.Refuses(AllWorks.List[0]) is null ? await MeasureMemoryAsync(system, IdleKind.Http, client) : null;
            results.Add(new MemoryResult(system.Name, opaque, http));
        }
        return results;
    }

    private async Task<IdleMemory> MeasureMemoryAsync(MeasuredSystem system, IdleKind kind, Cgroup client)
    {
        Progress.Say($"memory: {system.Name}, {_options.IdleConnections} idle connections, {kind.Id}");
        try
        {
            await system.StartAsync(_cancelled);
            return await IdleMemory.TakeAsync(system, kind, client, _workspace, _options.IdleConnections, _cancelled);
        }
        finally
        {
            await system.StopAsync();
        }
    }
}
