using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Authentication;
using k8s.Exceptions;

namespace NodeMesh.Agent.Resources.Kubernetes;

/// <summary>
/// Requests to the API server. Addresses, certificates and tokens are those of the kubeconfig or the service account, as the client
/// library reads and renews them; what is sent and received is ours, since the mesh uses few fields of few kinds.
/// </summary>
internal sealed class KubernetesApi : IDisposable
{
    public const string Json = "application/json";
    private const string ApplyPatch = "application/apply-patch+yaml";

    private readonly k8s.Kubernetes _client;
    private readonly ServiceClientCredentials? _credentials;
    private readonly TimeSpan _answerLimit;

    private KubernetesApi(KubernetesClientConfiguration configuration, TimeSpan answerLimit)
    {
        configuration.HttpClientTimeout = Timeout.InfiniteTimeSpan; // a watch takes minutes; everything else has a limit of its own here
        configuration.UserAgent = "nodemesh-agent";
        configuration.FirstMessageHandlerSetup = Setup;
        Namespace = configuration.Namespace is { Length: > 0 } own ? own : "kube-system";
        _client = new k8s.Kubernetes(configuration);
        _credentials = k8s.Kubernetes.CreateCredentials(configuration);
        _answerLimit = answerLimit;
    }

    public Uri Server => _client.BaseUri;

    /// <summary>The agent's own namespace: that of its service account, or of the kubeconfig's context.</summary>
    public string Namespace { get; }

    /// <exception cref="AgentStartException">There is no usable configuration.</exception>
    public static KubernetesApi Connect(KubernetesOptions options)
    {
        try
        {
            if (options.Kubeconfig is { } file)
            {
                return new KubernetesApi(KubernetesClientConfiguration.BuildConfigFromConfigFile(new FileInfo(file), options.Context), options.AnswerLimit);
            }
            if (!KubernetesClientConfiguration.IsInCluster())
            {
                throw new AgentStartException(
                    "--kubernetes: this process is in no pod with a service account (no KUBERNETES_SERVICE_HOST, or no token): run it in one, or name a file with --kubeconfig");
            }
            return new KubernetesApi(KubernetesClientConfiguration.InClusterConfig(), options.AnswerLimit);
        }
        catch (Exception e) when (e is KubeConfigException or IOException or UnauthorizedAccessException or FormatException or YamlDotNet.Core.YamlException)
        {
            throw new AgentStartException(options.Kubeconfig is { } file
                ? $"--kubeconfig {file}{(options.Context is { } context ? $" --context {context}" : "")} is not usable: {e.Message}"
                : $"the service account of this pod is not usable: {e.Message}");
        }
    }

    /// <summary>A request whose answer is read whole.</summary>
    /// <exception cref="ApiException">It was refused, or there was no answer.</exception>
    public async Task<byte[]> SendAsync(HttpMethod method, string path, CancellationToken cancellation, ReadOnlyMemory<byte> body = default, string contentType = Json)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_answerLimit);
        return await GuardAsync(method, path, async () =>
        {
            using var response = await AskAsync(method, path, Json, body, contentType, limit.Token);
            return await response.Content.ReadAsByteArrayAsync(limit.Token);
        }, cancellation);
    }

    /// <summary>Server-side apply: the object's fields that are given become ours.</summary>
    /// <exception cref="ApiException">It was refused, or there was no answer.</exception>
    public Task ApplyAsync(string path, JsonObject fields, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, $"{path}?fieldManager=nodemesh&force=true", cancellation, Encoding.UTF8.GetBytes(fields.ToJsonString()), ApplyPatch);

    /// <summary>Reads a whole answer through <paramref name="read"/>, which gets its stream.</summary>
    /// <exception cref="ApiException">It was refused, or broke off.</exception>
    public async Task GetAsync(string path, string accept, Func<Stream, CancellationToken, Task> read, TimeSpan? answerLimit, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_answerLimit);
        await GuardAsync(HttpMethod.Get, path, async () =>
        {
            using var response = await AskAsync(HttpMethod.Get, path, accept, default, Json, limit.Token);
            limit.CancelAfter(answerLimit ?? Timeout.InfiniteTimeSpan);
            await using var stream = await response.Content.ReadAsStreamAsync(limit.Token);
            await read(stream, limit.Token);
            return true;
        }, cancellation);
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> AskAsync(
        HttpMethod method, string path, string accept, ReadOnlyMemory<byte> body, string contentType, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(_client.BaseUri, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (!body.IsEmpty)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        }
        if (_credentials is not null)
        {
            await _credentials.ProcessHttpRequestAsync(request, cancellation);
        }
        var response = await _client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }
        using (response)
        {
            throw await RefusalAsync(response, $"{method} {path}", cancellation);
        }
    }

    private async Task<T> GuardAsync<T>(HttpMethod method, string path, Func<Task<T>> work, CancellationToken cancellation)
    {
        try
        {
            return await work();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ApiException(null, "Unanswered", $"{method} {path}: {Server} does not answer");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new ApiException(null, "Unreachable", $"{method} {path}: {e.Message}", inner: e);
        }
    }

    private static async Task<ApiException> RefusalAsync(HttpResponseMessage response, string request, CancellationToken cancellation)
    {
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        ApiStatus? status = null;
        try
        {
            status = JsonSerializer.Deserialize(body, ApiJson.Default.ApiStatus);
        }
        catch (JsonException)
        {
            // A path that the API server does not know, or something between here and there, answers in plain text.
        }
        var after = response.Headers.RetryAfter?.Delta
            ?? (status?.Details is { RetryAfterSeconds: > 0 and var seconds } ? TimeSpan.FromSeconds(seconds) : null);
        var why = status?.Message is { Length: > 0 } message ? message : System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 200))).Trim();
        return new ApiException(
            response.StatusCode, status?.Reason is { Length: > 0 } reason ? reason : response.StatusCode.ToString(),
            $"{request}: {(int)response.StatusCode} {why}", after);
    }

    private static void Setup(SocketsHttpHandler handler)
    {
        // Every watch is a stream of one connection; a dead peer is noticed within a minute, however silent the watches are.
        handler.ConnectTimeout = TimeSpan.FromSeconds(10);
        handler.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        handler.AutomaticDecompression = DecompressionMethods.GZip;
    }
}
