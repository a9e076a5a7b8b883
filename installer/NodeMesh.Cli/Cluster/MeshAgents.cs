using System.Text.Json;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Metrics;

namespace NodeMesh.Cli.Cluster;

/// <summary>The agents of a mesh, and what their admin ports say.</summary>
internal abstract class MeshAgents
{
    // A cluster may have thousands of nodes, and who passes the questions on has others to serve.
    private const int AskedAtOnce = 16;

    /// <exception cref="ClusterException">There is none, or who could name them does not answer.</exception>
    public abstract Task<IReadOnlyList<MeshNode>> ListAsync(CancellationToken cancellation);

    /// <param name="path">Without the leading slash.</param>
    /// <exception cref="ClusterException">It does not answer, or you may not ask.</exception>
    public abstract Task<string> AskAsync(MeshNode node, string path, CancellationToken cancellation);

    /// <summary>An answer that goes on.</summary>
    /// <param name="path">Without the leading slash.</param>
    /// <exception cref="ClusterException">It does not answer, or you may not ask.</exception>
    public abstract Task<Stream> OpenAsync(MeshNode node, string path, CancellationToken cancellation);

    /// <summary>Passes a request on and gives the answer as it is, whatever its status, as soon as it begins.</summary>
    /// <param name="path">Without the leading slash.</param>
    /// <param name="request">Without an address: method, header fields, body.</param>
    /// <exception cref="ClusterException">Nobody answers.</exception>
    public abstract Task<HttpResponseMessage> ForwardAsync(MeshNode node, string path, HttpRequestMessage request, CancellationToken cancellation);

    /// <summary>The token that its console asks for, as far as you may read it; null: there is none.</summary>
    /// <exception cref="ClusterException">There is one, and you may not.</exception>
    public virtual Task<string?> ConsoleTokenAsync(MeshNode node, CancellationToken cancellation) => Task.FromResult<string?>(null);

    /// <exception cref="ClusterException">No agent runs on this node.</exception>
    public async Task<MeshNode> FindAsync(string name, CancellationToken cancellation)
    {
        var all = await ListAsync(cancellation);
        return all.FirstOrDefault(node => node.Node == name)
            ?? throw new ClusterException($"no agent runs on a node {name}; they run on {string.Join(", ", all.Take(10).Select(node => node.Node))}{(all.Count > 10 ? $" and {all.Count - 10} more" : "")}");
    }

    /// <summary>What every agent answers, in the order of the nodes.</summary>
    public async Task<IReadOnlyList<AgentAnswer>> AskAllAsync(IReadOnlyList<MeshNode> nodes, string path, CancellationToken cancellation)
    {
        var answers = new AgentAnswer[nodes.Count];
        await EachAsync(nodes, async (i, stop) => answers[i] = await TryAskAsync(nodes[i], path, stop), cancellation);
        return answers;
    }

    /// <summary>The metrics of all that answer.</summary>
    /// <exception cref="ClusterException">Nobody does.</exception>
    public async Task<MeshScrape> ScrapeAsync(IReadOnlyList<MeshNode> nodes, CancellationToken cancellation)
    {
        var answers = new (IReadOnlyList<MetricSample>? Samples, ClusterException? Failure)[nodes.Count];
        await EachAsync(nodes, async (i, stop) =>
        {
            try
            {
                answers[i] = (MetricsText.Parse(await AskAsync(nodes[i], "metrics", stop)), null);
            }
            catch (ClusterException e)
            {
                answers[i] = (null, e);
            }
        }, cancellation);
        var silent = answers.Where(answer => answer.Failure is not null).Select(answer => answer.Failure!).ToList();
        return silent.Count < nodes.Count
            ? new MeshScrape(
                TimeProvider.System.GetTimestamp(), nodes.Zip(answers).Where(pair => pair.Second.Samples is not null).ToDictionary(pair => pair.First.Node, pair => pair.Second.Samples!),
                [.. silent.Select(failure => failure.Message)])
            : throw silent[0];
    }

    public async Task<AgentAnswer> TryAskAsync(MeshNode node, string path, CancellationToken cancellation)
    {
        try
        {
            return new AgentAnswer(node, JsonNode.Parse(await AskAsync(node, path, cancellation)), "");
        }
        catch (Exception e) when (e is ClusterException or JsonException)
        {
            return new AgentAnswer(node, null, e.Message);
        }
    }

    private static Task EachAsync(IReadOnlyList<MeshNode> nodes, Func<int, CancellationToken, ValueTask> ask, CancellationToken cancellation) =>
        Parallel.ForAsync(0, nodes.Count, new ParallelOptions { MaxDegreeOfParallelism = AskedAtOnce, CancellationToken = cancellation }, ask);
}
