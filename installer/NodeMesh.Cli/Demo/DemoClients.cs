using System.Collections.Concurrent;
using NodeMesh.Cli.Demo.Apps;
using NodeMesh.Cli.Demo.Processes;

namespace NodeMesh.Cli.Demo;

/// <summary>
/// The clients: ordinary processes that were there before the mesh and know nothing of it. Each calls a pod by its address, which works
/// with and without a mesh, and a Service by its cluster IP, which only something like a mesh can answer.
/// </summary>
internal sealed class DemoClients(DemoCast cast, Undo undo)
{
    private readonly ConcurrentDictionary<string, ClientCount> _counts = new();
    private readonly List<PodProcess> _processes = [];

    public IReadOnlyList<PodProcess> Processes => _processes;

    public void Start()
    {
        Start(cast.Frontend, "http-client", $"http://{cast.WebV1.Name}/", "http://web/");
        Start(cast.Frontend, "quotes-client", $"http://{cast.Quotes.Name}:9000", "http://prices:9000");
        Start(cast.Worker, "redis-client", $"{cast.Redis.Name}:6379", "cache:6379");
    }

    /// <summary>Waits until every pod that is called by its address has answered.</summary>
    /// <exception cref="DemoException">One does not.</exception>
    public async Task WaitForAnswersAsync(CancellationToken cancellation)
    {
        for (var tries = 0; ; tries++)
        {
            var silent = new[] { cast.WebV1, cast.Quotes, cast.Redis }.FirstOrDefault(pod => !_counts.Values.Any(count => IsFor(count, pod.Name) && count.Succeeded > 0));
            if (silent is null)
            {
                return;
            }
            if (tries == 150)
            {
                throw new DemoException($"pod {silent.Name} ({silent.Address}) has not answered its client for 15 s");
            }
            await Task.Delay(100, cancellation);
        }
    }

    /// <summary>What the clients did so far, to pods by their address.</summary>
    public ClientCount ToPods() => Sum(count => cast.Pods.Any(pod => IsFor(count, pod.Name)));

    /// <summary>What the clients did so far, to Services by their cluster IP.</summary>
    public ClientCount ToServices() => Sum(count => cast.Services.Any(service => IsFor(count, service.Name)));

    private void Start(Network.DemoPod pod, string app, params IReadOnlyList<string> targets) =>
        _processes.Add(PodProcess.StartIn(pod, undo, [Environment.ProcessPath!, AppsCommand.Name, app, .. targets], Read));

    private void Read(string line)
    {
        if (ClientCount.TryParse(line, out var count))
        {
            _counts[count.Target] = count;
        }
    }

    private static bool IsFor(ClientCount count, string host) =>
        count.Target.StartsWith($"http://{host}/", StringComparison.Ordinal)
        || count.Target.StartsWith($"http://{host}:", StringComparison.Ordinal)
        || count.Target.StartsWith($"{host}:", StringComparison.Ordinal);

    private ClientCount Sum(Func<ClientCount, bool> which) => _counts.Values.Where(which).Aggregate(
        default(ClientCount),
        (sum, count) => new ClientCount("", sum.Succeeded + count.Succeeded, sum.Failed + count.Failed, sum.Connections + count.Connections));
}
