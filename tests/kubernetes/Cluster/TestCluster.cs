using System.Text;
using System.Text.Json.Nodes;
using NodeMesh.Agent.Resources.Kubernetes;
using NodeMesh.TestApiServer.Serving;

namespace NodeMesh.KubernetesTests.Cluster;

/// <summary>
/// A cluster to test against: the one of KUBECONFIG, or else an API server of our own. Each test has a namespace of its own in it, and
/// changes objects by requests alone, so that it does not matter which it is.
/// </summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly ApiServer? _server;
    private readonly KubernetesApi _api;
    private readonly string _kubeconfig;
    private readonly bool _isTemporary;

    private TestCluster(ApiServer? server, string kubeconfig, bool isTemporary)
    {
        (_server, _kubeconfig, _isTemporary) = (server, kubeconfig, isTemporary);
        _api = KubernetesApi.Connect(new KubernetesOptions { Node = "", Kubeconfig = kubeconfig });
    }

    /// <summary>The node whose agent is tested. No kubelet answers to it.</summary>
    public string Node { get; } = "nodemesh-test-node";

    public string Namespace { get; } = $"nodemesh-test-{Random.Shared.Next(0x100000):x5}";

    public KubernetesApi Api => _api;

    public string Kubeconfig => _kubeconfig;

    /// <summary>Our own, which can be told to fail. A test that needs that is skipped on a real cluster.</summary>
    public ApiServer Server
    {
        get
        {
            Assert.SkipWhen(_server is null, "needs an API server that fails as it is told; KUBECONFIG names a real one");
            return _server!;
        }
    }

    public static async Task<TestCluster> StartAsync(ApiServerOptions? options = null)
    {
        TestCluster cluster;
        if (Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } real && options is null)
        {
            cluster = new TestCluster(null, real, isTemporary: false);
        }
        else
        {
            var server = await ApiServer.StartAsync(options);
            var file = Path.GetTempFileName();
            await File.WriteAllTextAsync(file, server.Kubeconfig());
            cluster = new TestCluster(server, file, isTemporary: true);
        }
        await cluster.CreateAsync("v1", "namespaces", $$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{cluster.Namespace}}}"}}""", isNamespaced: false);
        return cluster;
    }

    public KubernetesOptions Options() => new()
    {
        Node = Node, Kubeconfig = _kubeconfig, FirstRetry = TimeSpan.FromMilliseconds(20), LongestRetry = TimeSpan.FromMilliseconds(200),
        Gather = TimeSpan.FromMilliseconds(5), Interval = TimeSpan.FromMilliseconds(5),
    };

    /// <summary>A pod that no kubelet runs; its status is written as a kubelet would.</summary>
    public async Task PodAsync(string name, string address, string? node = null, string labels = "\"app\":\"web\"", string annotations = "", bool isReady = true)
    {
        await CreateAsync("v1", "pods", $$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","labels":{ {{{labels}}} },"annotations":{ {{{annotations}}} }},
             "spec":{"nodeName":"{{{node ?? Node}}}","containers":[{"name":"app","image":"registry.invalid/app","ports":[{"name":"http","containerPort":8080}]}]}}
            """);
        await StatusAsync("v1", "pods", name, $$$"""
            {"phase":"Running","podIP":"{{{address}}}","podIPs":[{"ip":"{{{address}}}"}],"conditions":[{"type":"Ready","status":"{{{isReady}}}"}]}
            """);
    }

    public Task ServiceAsync(string name, string selector = "\"app\":\"web\"") => CreateAsync("v1", "services", $$$"""
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"{{{name}}}"},"spec":{"selector":{ {{{selector}}} },"ports":[{"name":"http","port":80,"targetPort":8080,"protocol":"TCP"}]}}
        """);

    public Task SliceAsync(string service, params string[] addresses)
    {
        var endpoints = addresses.Select(address => $"{{\"addresses\":[\"{address}\"],\"conditions\":{{\"ready\":true}}}}");
        return CreateAsync("discovery.k8s.io/v1", "endpointslices", $$$"""
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"{{{service}}}-1","labels":{"kubernetes.io/service-name":"{{{service}}}"}},
             "addressType":"IPv4","ports":[{"name":"http","port":8080,"protocol":"TCP"}],
             "endpoints":[{{{string.Join(',', endpoints)}}}]}
            """);
    }

    public Task CreateAsync(string apiVersion, string plural, string json, bool isNamespaced = true) =>
        SendAsync(HttpMethod.Post, ApiPaths.Of(apiVersion, plural, isNamespaced ? Namespace : ""), json);

    public Task StatusAsync(string apiVersion, string plural, string name, string status) =>
        SendAsync(HttpMethod.Patch, ApiPaths.Of(apiVersion, plural, Namespace, name, "status"), $$$"""{"status":{{{status}}}}""", "application/merge-patch+json");

    public Task MergeAsync(string apiVersion, string plural, string name, string patch) =>
        SendAsync(HttpMethod.Patch, ApiPaths.Of(apiVersion, plural, Namespace, name), patch, "application/merge-patch+json");

    public Task DeleteAsync(string apiVersion, string plural, string name) =>
        SendAsync(HttpMethod.Delete, ApiPaths.Of(apiVersion, plural, Namespace, name), """{"gracePeriodSeconds":0}""");

    public async Task<JsonObject> GetAsync(string apiVersion, string plural, string name) =>
        JsonNode.Parse(await _api.SendAsync(HttpMethod.Get, ApiPaths.Of(apiVersion, plural, Namespace, name), default))!.AsObject();

    public async Task<IReadOnlyList<JsonObject>> ListAsync(string apiVersion, string plural) =>
        [.. JsonNode.Parse(await _api.SendAsync(HttpMethod.Get, ApiPaths.Of(apiVersion, plural, Namespace), default))!["items"]!.AsArray().Select(item => item!.AsObject())];

    public async ValueTask DisposeAsync()
    {
        if (_server is null)
        {
            await _api.SendAsync(HttpMethod.Delete, ApiPaths.Of("v1", "namespaces", "", Namespace), default);
        }
        else
        {
            await _server.DisposeAsync();
        }
        _api.Dispose();
        if (_isTemporary)
        {
            File.Delete(_kubeconfig);
        }
    }

    private Task<byte[]> SendAsync(HttpMethod method, string path, string json, string contentType = KubernetesApi.Json) =>
        _api.SendAsync(method, path, default, Encoding.UTF8.GetBytes(json), contentType);
}
