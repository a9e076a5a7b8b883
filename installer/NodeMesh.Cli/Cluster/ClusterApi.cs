using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Authentication;
using k8s.Exceptions;

namespace NodeMesh.Cli.Cluster;

/// <summary>Requests to the API server; how it is reached and who asks is read from the kubeconfig by the client library.</summary>
internal sealed class ClusterApi : IDisposable
{
    /// <summary>Who owns the fields that this program applies.</summary>
    public const string FieldManager = "nodemesh";

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

    private readonly Kubernetes _client;
    private readonly ServiceClientCredentials? _credentials;

    private ClusterApi(KubernetesClientConfiguration configuration)
    {
        configuration.HttpClientTimeout = AnswerLimit;
        configuration.UserAgent = FieldManager;
        Namespace = configuration.Namespace is { Length: > 0 } own ? own : "default";
        _client = new Kubernetes(configuration);
        _credentials = Kubernetes.CreateCredentials(configuration);
    }

    public Uri Server => _client.BaseUri;

    /// <summary>The namespace of the context: where an object is looked for that is named without one.</summary>
    public string Namespace { get; }

    /// <exception cref="ClusterException">There is no usable kubeconfig.</exception>
    public static ClusterApi Connect(string? kubeconfig, string? context)
    {
        // As kubectl has it: the files of $KUBECONFIG are one, and those that are not there are passed over.
        var home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".kube", "config");
        var named = kubeconfig ?? (Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } variable ? variable : home);
        var files = (kubeconfig is null ? named.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) : [named]).Where(File.Exists).ToList();
        try
        {
            if (files.Count == 0)
            {
                return kubeconfig is null && KubernetesClientConfiguration.IsInCluster()
                    ? new ClusterApi(KubernetesClientConfiguration.InClusterConfig())
                    : throw new ClusterException($"there is no kubeconfig at {named}: name one with --kubeconfig, or in $KUBECONFIG");
            }
            return new ClusterApi(KubernetesClientConfiguration.BuildConfigFromConfigObject(Kubeconfigs.Read(files), context));
        }
        catch (Exception e) when (e is KubeConfigException or IOException or UnauthorizedAccessException or FormatException or YamlDotNet.Core.YamlException)
        {
            throw new ClusterException($"the kubeconfig {named} is not usable{(context is null ? "" : $" with context {context}")}: {e.Message}", inner: e);
        }
    }

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellation) => Parse(await SendAsync(HttpMethod.Get, path, null, cancellation));

    /// <summary>Null when there is no such object, or no such kind.</summary>
    public async Task<JsonNode?> TryGetAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return await GetAsync(path, cancellation);
        }
        catch (ClusterException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public Task<string> GetTextAsync(string path, CancellationToken cancellation) => SendAsync(HttpMethod.Get, path, null, cancellation);

    /// <summary>An answer that goes on.</summary>
    public async Task<Stream> OpenAsync(string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage { Method = HttpMethod.Get };
        var response = await ForwardAsync(path, request, cancellation);
        return response.IsSuccessStatusCode ? await response.Content.ReadAsStreamAsync(cancellation) : throw Refusal("", response, await response.Content.ReadAsStringAsync(cancellation));
    }

    /// <summary>Passes a request on and gives the answer as it is, as soon as it begins.</summary>
    public async Task<HttpResponseMessage> ForwardAsync(string path, HttpRequestMessage request, CancellationToken cancellation)
    {
        request.RequestUri = new Uri(_client.BaseUri, path);
        try
        {
            if (_credentials is not null)
            {
                await _credentials.ProcessHttpRequestAsync(request, cancellation);
            }
            return await _client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or KubeConfigException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ClusterException($"{Server} does not answer: {e.Message}", inner: e);
        }
    }

    /// <summary>All pages of a list; empty when the kind is not there.</summary>
    public async Task<IReadOnlyList<JsonNode>> ListAsync(string path, CancellationToken cancellation)
    {
        var items = new List<JsonNode>();
        var next = "";
        do
        {
            var page = await TryGetAsync($"{path}{(path.Contains('?') ? '&' : '?')}limit=500{(next.Length > 0 ? $"&continue={Uri.EscapeDataString(next)}" : "")}", cancellation);
            items.AddRange((page?["items"] as JsonArray ?? []).OfType<JsonNode>());
            next = page?["metadata"]?["continue"]?.ToString() ?? "";
        }
        while (next.Length > 0);
        return items;
    }

    /// <summary>Server-side apply: the fields named become ours, all others stay.</summary>
    public async Task<JsonNode> ApplyAsync(ManifestObject manifest, bool dryRun, CancellationToken cancellation)
    {
        var path = $"{manifest.Path}?fieldManager={FieldManager}&force=true{(dryRun ? "&dryRun=All" : "")}";
        return Parse(await SendAsync(HttpMethod.Patch, path, new StringContent(manifest.Json.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/apply-patch+yaml")), cancellation));
    }

    /// <summary>False when it was not there.</summary>
    public async Task<bool> DeleteAsync(string path, CancellationToken cancellation)
    {
        try
        {
            await SendAsync(HttpMethod.Delete, path, new StringContent("""{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"}""", Encoding.UTF8, "application/json"), cancellation);
            return true;
        }
        catch (ClusterException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    public async Task<JsonNode> CreateAsync(string path, JsonObject json, CancellationToken cancellation) =>
        Parse(await SendAsync(HttpMethod.Post, path, new StringContent(json.ToJsonString(), Encoding.UTF8, "application/json"), cancellation));

    public void Dispose() => _client.Dispose();

    private static JsonNode Parse(string text) => JsonNode.Parse(text) ?? throw new ClusterException("the API server answered with nothing");

    private async Task<string> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(_client.BaseUri, path)) { Content = body };
        try
        {
            if (_credentials is not null)
            {
                await _credentials.ProcessHttpRequestAsync(request, cancellation);
            }
            using var response = await _client.HttpClient.SendAsync(request, cancellation);
            var text = await response.Content.ReadAsStringAsync(cancellation);
            return response.IsSuccessStatusCode
                ? text
                : throw Refusal($"{method} {path.Split('?')[0]}: ", response, text);
        }
        catch (Exception e) when (e is HttpRequestException or KubeConfigException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ClusterException($"{Server} does not answer: {e.Message}", inner: e);
        }
    }

    private static ClusterException Refusal(string about, HttpResponseMessage response, string body)
    {
        var status = StatusObject(body);
        return new ClusterException($"{about}{(int)response.StatusCode} {status?["message"]?.ToString() ?? body.Trim()}", response.StatusCode) { IsOfServer = status is not null };
    }

    // null: somebody else's words.
    private static JsonObject? StatusObject(string body)
    {
        try
        {
            return JsonNode.Parse(body) is JsonObject said && said["kind"]?.ToString() == "Status" ? said : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
