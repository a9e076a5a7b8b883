using System.Diagnostics;
using System.Security.Cryptography;
using NodeMesh.Cli.Demo.Mesh;
using NodeMesh.Cli.Demo.Network;
using NodeMesh.Cli.Demo.Processes;
using NodeMesh.Cli.Demo.Screen;
using NodeMesh.Cli.Traffic;

namespace NodeMesh.Cli.Demo;

/// <summary>One run of the demo, step by step. Whatever it comes to, <see cref="TakeBackAsync"/> must follow.</summary>
internal sealed class DemoRun
{
    private static readonly TimeSpan _before = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan _settle = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private static readonly string _program = Path.GetRelativePath(Environment.CurrentDirectory, Environment.ProcessPath!);

    private readonly DemoOptions _options;
    private readonly TimeProvider _time;
    private readonly DemoScreen _screen = new();
    private readonly Undo _undo = new();
    private readonly string _directory;
    private readonly DemoCast _cast;
    private readonly DemoNetwork _network;
    private readonly DemoServers _servers;
    private readonly DemoClients _clients;
    private ResourceDirectory? _resources;
    private AgentProcess? _agent;

    public DemoRun(DemoOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        // Two demos at once have names of their own.
        var prefix = $"nodemesh-demo-{RandomNumberGenerator.GetHexString(4, lowercase: true)}";
        _directory = $"/run/{prefix}";
        _cast = new DemoCast(prefix);
        _network = new DemoNetwork(prefix, _undo);
        _servers = new DemoServers(_cast, _directory, _undo);
        _clients = new DemoClients(_cast, _undo);
    }

    private IEnumerable<PodProcess> Processes => [.. _servers.Processes, .. _clients.Processes, .. _agent is null ? [] : new[] { _agent.Process }];

    public async Task RunAsync(CancellationToken cancellation)
    {
        // :: Step 1: pods
        await StepAsync($"{_cast.Pods.Count} pods: network namespaces, joined by a bridge", MakePodsAsync, cancellation);

        // :: Step 2: what runs in them
        await StepAsync("servers in them: nginx web-v1 and web-v2, Redis, a gRPC server", _ => Task.Run(_servers.Start, cancellation), cancellation);

        // :: Step 3: the mesh, which has nothing to do yet
        await StepAsync("the agent and the proxy of this node, no pod enrolled", StartAgentAsync, cancellation);

        // :: Step 4: clients that know nothing of it
        await StepAsync("clients: HTTP, gRPC, Redis; by pod address, and by Service cluster IP", StartClientsAsync, cancellation);
        await Task.Delay(_before, _time, cancellation);
        var before = await ReadAsync(cancellation);

        // :: Step 5: enrol, by one label a pod
        await StepAsync("enrol: label nodemesh.io/mesh: enabled on every pod", EnrolAsync, cancellation);
        // Dials of before that are still to fail: the kernel retries a refused SYN once a second.
        await Task.Delay(_settle, _time, cancellation);
        var enrolled = await ReadAsync(cancellation);

        // :: Step 6: watch
        try
        {
            await WatchAsync(before, enrolled, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // From here on an interrupt is one of the ways in which a demo ends.
        }
    }

    /// <summary>Takes everything back, however far it came. False: something is still there, and has been named.</summary>
    public async Task<bool> TakeBackAsync()
    {
        var failures = await _undo.RunAsync();
        _agent?.Dispose();
        _screen.Ended(_cast.Pods.Count, failures);
        return failures.Count == 0;
    }

    private async Task StepAsync(string what, Func<CancellationToken, Task> step, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var started = _time.GetTimestamp();
        try
        {
            await step(cancellation);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            throw new DemoException($"this step failed: {what}: {failure.Message}", failure);
        }
        _screen.Done(what, _time.GetElapsedTime(started));
    }

    private async Task MakePodsAsync(CancellationToken cancellation)
    {
        RunDirectory.Create(_directory, _undo);
        await _network.CreateAsync(cancellation);
        foreach (var pod in _cast.Pods)
        {
            await _network.AddAsync(pod, _cast.Hosts, cancellation);
        }
    }

    private async Task StartAgentAsync(CancellationToken cancellation)
    {
        _resources = ResourceDirectory.Create($"{_directory}/resources", _cast);
        _agent = await AgentProcess.StartAsync(_options, $"{_directory}/resources", $"{_directory}/state", _undo, cancellation);
        await _agent.WaitUntilReadyAsync(cancellation);
    }

    private async Task StartClientsAsync(CancellationToken cancellation)
    {
        _clients.Start();
        await _clients.WaitForAnswersAsync(cancellation);
    }

    private async Task EnrolAsync(CancellationToken cancellation)
    {
        foreach (var pod in _cast.Pods)
        {
            _resources!.Enrol(pod);
        }
        var started = _time.GetTimestamp();
        while (TrafficTotals.From(await _agent!.Admin.ScrapeAsync(cancellation)) is { } totals && totals.PodsCaptured < _cast.Pods.Count)
        {
            if (_time.GetElapsedTime(started) > _patience)
            {
                throw new DemoException($"{totals.PodsCaptured} of {_cast.Pods.Count} pods captured after {_patience.TotalSeconds} s{_agent.Process.Said}");
            }
            await Task.Delay(20, cancellation);
        }
    }

    private async Task<CaptureProof.Reading> ReadAsync(CancellationToken cancellation) =>
        Reading(TrafficTotals.From(await _agent!.Admin.ScrapeAsync(cancellation)));

    private CaptureProof.Reading Reading(TrafficTotals totals) => new(_clients.ToPods(), _clients.ToServices(), totals.Connections);

    private async Task WatchAsync(CaptureProof.Reading before, CaptureProof.Reading enrolled, CancellationToken cancellation)
    {
        var window = new TrafficWindow(_time);
        var started = _time.GetTimestamp();
        var faults = new DemoFaults(_cast, _servers, _resources!);
        var canary = new DemoCanary(_resources!, _agent!.Admin, _options.Keep ? null : _options.Duration);
        _screen.ConsoleIsAt(new Uri(_agent!.Admin.Url, "console/"));
        if (_options.Keep)
        {
            _screen.Hint(DemoHints.For(_cast, _resources!, _agent!.Admin.Url));
        }
        await _screen.ShowAsync(
            async () =>
            {
                if (Processes.Select(process => process.Failure).FirstOrDefault(failure => failure is not null) is { } failure)
                {
                    throw new DemoException(failure);
                }
                foreach (var key in DemoFaults.Typed())
                {
                    faults.Press(key);
                }
                var totals = TrafficTotals.From(await _agent!.Admin.ScrapeAsync(cancellation));
                window.Add(totals);
                var elapsed = _time.GetElapsedTime(started);
                return new DemoView(
                    totals,
                    window.Rows(),
                    await canary.LookAsync(elapsed, window, cancellation),
                    new CaptureProof(before, enrolled, Reading(totals)),
                    [.. _clients.Processes.Select(process => process.Id)],
                    Console.IsInputRedirected ? [] : [.. faults.All.Select(fault => new FaultView(fault.Key, fault.What, faults.IsMade(fault) ? $"{_program} diagnose {fault.Of} -n {DemoCast.Namespace} --admin {_agent.Admin.Url.Authority}" : ""))],
                    _options.Keep ? null : _options.Duration - elapsed);
            },
            cancellation);
    }
}
