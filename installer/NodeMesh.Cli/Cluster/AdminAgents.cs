using System.Net;

namespace NodeMesh.Cli.Cluster;

/// <summary>Agents whose admin ports can be reached from here, and are asked themselves: on a machine without Kubernetes, or by kubectl port-forward.</summary>
internal sealed class AdminAgents(IReadOnlyList<string> addresses) : MeshAgents, IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };

    public override async Task<IReadOnlyList<MeshNode>> ListAsync(CancellationToken cancellation)
    {
        var nodes = new List<MeshNode>();
        foreach (var address in addresses)
        {
            var (isReady, said) = await GetAsync(address, "readyz", cancellation);
            nodes.Add(new MeshNode(address, "", "", 0, isReady, isReady ? "" : said.Trim().ReplaceLineEndings("; ")));
        }
        return nodes;
    }

    public override async Task<string> AskAsync(MeshNode node, string path, CancellationToken cancellation)
    {
        var (isGood, said) = await GetAsync(node.Node, path, cancellation);
        return isGood ? said : throw new ClusterException($"the agent at {node.Node} answers to /{path}: {said.Trim()}", HttpStatusCode.BadGateway);
    }

    public override async Task<Stream> OpenAsync(MeshNode node, string path, CancellationToken cancellation)
    {
        try
        {
            var response = await _http.GetAsync(new Uri($"http://{node.Node}/{path}"), HttpCompletionOption.ResponseHeadersRead, cancellation);
            return response.IsSuccessStatusCode
                ? await response.Content.ReadAsStreamAsync(cancellation)
                : throw new ClusterException($"the agent at {node.Node} refuses: {(await response.Content.ReadAsStringAsync(cancellation)).Trim()}", response.StatusCode);
        }
        catch (HttpRequestException e)
        {
            throw new ClusterException($"no agent answers at {node.Node}: {e.Message}", null, e);
        }
    }

    public override async Task<HttpResponseMessage> ForwardAsync(MeshNode node, string path, HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            request.RequestUri = new Uri($"http://{node.Node}/{path}");
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ClusterException($"no agent answers at {node.Node}: {e.Message}", null, e);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<(bool IsGood, string Said)> GetAsync(string address, string path, CancellationToken cancellation)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri($"http://{address}/{path}"), cancellation);
            return (response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(cancellation));
        }
        catch (Exception e) when (e is HttpRequestException or UriFormatException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ClusterException($"no agent answers at {address}: {e.Message}; --admin takes the address the agent was started with (127.0.0.1:15020 if none was given)", null, e);
        }
    }
}
