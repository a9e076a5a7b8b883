using System.Net;
using Google.Protobuf;
using NodeMesh.Agent.Serving;
using NodeMesh.Contract;

namespace NodeMesh.Agent.Rollouts;

/// <summary>Asks the proxies how backends do: this node's over its own link, those of other nodes through their agents' admin ports.</summary>
internal sealed class BackendReports(ProxySessions sessions) : IDisposable
{
    /// <summary>Below the admin port.</summary>
    public const string Path = "/rollouts/backends";

    /// <summary>Names the proxy's process.</summary>
    public const string ProxyHeader = "nodemesh-proxy";

    private const int MostAtATime = 16;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(3);

    private readonly HttpMessageInvoker _peers = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = AnswerLimit });

    /// <summary>Of those that answer in time, each named so that another process has another name.</summary>
    public async Task<IReadOnlyList<(string Source, BackendReport Report)>> CollectAsync(IReadOnlyList<IPEndPoint> peers)
    {
        var reports = new List<(string Source, BackendReport Report)>();
        if (await sessions.BackendsAsync().ConfigureAwait(false) is { } own)
        {
            reports.Add(($"{own.Pid}", own.Report));
        }
        foreach (var some in peers.Chunk(MostAtATime))
        {
            var answers = await Task.WhenAll(some.Select(AskAsync)).ConfigureAwait(false);
            reports.AddRange(answers.OfType<(string, BackendReport)>());
        }
        return reports;
    }

    public void Dispose() => _peers.Dispose();

    private async Task<(string Source, BackendReport Report)?> AskAsync(IPEndPoint peer)
    {
        using var limit = new CancellationTokenSource(AnswerLimit);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{peer}{Path}");
            using var response = await _peers.SendAsync(request, limit.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                return null;
            }
            var pid = response.Headers.TryGetValues(ProxyHeader, out var values) ? values.First() : "";
            return ($"{peer} {pid}", BackendReport.Parser.ParseFrom(await response.Content.ReadAsByteArrayAsync(limit.Token).ConfigureAwait(false)));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or InvalidProtocolBufferException)
        {
            return null; // it may come back; what it sees is missing until then
        }
    }
}
