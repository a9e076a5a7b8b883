using System.Net;
using System.Text.Json.Nodes;
using NodeMesh.Cli.Metrics;

namespace NodeMesh.Cli.Demo.Mesh;

/// <summary>The agent's admin port.</summary>
internal sealed class AdminClient(IPEndPoint address) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new Uri($"http://{address}"),
        Timeout = TimeSpan.FromSeconds(5),
    };

    public Uri Url => _http.BaseAddress!;

    /// <summary>True when the agent answers this path with 200.</summary>
    public async Task<bool> IsOkAsync(string path, CancellationToken cancellation)
    {
        try
        {
            using var response = await _http.GetAsync(path, cancellation);
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <exception cref="DemoException">The agent does not answer.</exception>
    public async Task<IReadOnlyList<MetricSample>> ScrapeAsync(CancellationToken cancellation) => MetricsText.Parse(await GetAsync("metrics", cancellation));

    /// <summary>How far a Rollout has come; null: it has not begun.</summary>
    /// <exception cref="DemoException">The agent does not answer.</exception>
    public async Task<(int Weight, string Message)?> RolloutAsync(string name, CancellationToken cancellation)
    {
        var all = JsonNode.Parse(await GetAsync("rollouts", cancellation)) as JsonArray;
        return all?.FirstOrDefault(rollout => rollout?["name"]?.ToString() == name)?["status"] is JsonObject status
            ? (status["weight"]?.GetValue<int>() ?? 0, status["message"]?.ToString() ?? "")
            : null;
    }

    public void Dispose() => _http.Dispose();

    private async Task<string> GetAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return await _http.GetStringAsync($"/{path}", cancellation);
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new DemoException($"the agent does not answer on {Url}{path}: {failure.Message}", failure);
        }
    }
}
