using System.Net;
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
    public async Task<IReadOnlyList<MetricSample>> ScrapeAsync(CancellationToken cancellation)
    {
        try
        {
            return MetricsText.Parse(await _http.GetStringAsync("/metrics", cancellation));
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new DemoException($"the agent does not answer on {Url}metrics: {failure.Message}", failure);
        }
    }

    public void Dispose() => _http.Dispose();
}
