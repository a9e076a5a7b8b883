using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Resources;
using NodeMesh.Agent.Resources.Kubernetes;

namespace NodeMesh.KubernetesTests.Cluster;

/// <summary>A source at work, and the sets it has given so far.</summary>
internal sealed class Watching : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly KubernetesApi _api;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly Lock _lock = new();
    private ImmutableList<ResourceSet> _sets = [];
    private TaskCompletionSource _next = New();

    public Watching(TestCluster cluster, KubernetesOptions? options = null)
    {
        options ??= cluster.Options();
        _api = KubernetesApi.Connect(options);
        var source = new KubernetesSource(_api, options, TimeProvider.System, new Random(1), NullLogger.Instance);
        _running = RunAsync(source);
    }

    public ImmutableList<ResourceSet> Sets
    {
        get
        {
            lock (_lock)
            {
                return _sets;
            }
        }
    }

    public ResourceSet Last => Sets[^1];

    /// <summary>Waits for a set, also one that came already and is still the last.</summary>
    public async Task<ResourceSet> UntilAsync(string what, Func<ResourceSet, bool> holds)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            Task next;
            lock (_lock)
            {
                if (_sets is [.., var last] && holds(last))
                {
                    return last;
                }
                next = _next.Task;
            }
            var first = await Task.WhenAny(next, _running, Task.Delay(Timeout.Infinite, limit.Token));
            if (first == _running)
            {
                await _running;
            }
            Assert.False(limit.IsCancellationRequested, $"not within {Limit}: {what}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default);
        _api.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(KubernetesSource source)
    {
        await foreach (var set in source.WatchAsync(_stop.Token))
        {
            TaskCompletionSource next;
            lock (_lock)
            {
                _sets = _sets.Add(set);
                (next, _next) = (_next, New());
            }
            next.TrySetResult();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
