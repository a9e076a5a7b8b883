using System.Text.Json.Nodes;
using NodeMesh.Cli.Charts;
using NodeMesh.Cli.Check;
using NodeMesh.Cli.Cluster;
using NodeMesh.Cli.Install;
using NodeMesh.TestApiServer.Serving;
using Xunit;

namespace NodeMesh.UnitTests.Install;

/// <summary>Against an API server; what the DaemonSet controller and the kubelets would do, the tests do.</summary>
public sealed class InstallationTests : IAsyncLifetime
{
    private const string Mesh = "nodemesh-system";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("nodemesh-install-");
    private readonly TestConsole _console = new();
    private ApiServer _server = null!;
    private ClusterApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ApiServer.StartAsync();
        var file = $"{_directory.FullName}/config";
        await File.WriteAllTextAsync(file, _server.Kubeconfig());
        _api = ClusterApi.Connect(file, null);
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await _server.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact(Timeout = 60_000)]
    public async Task Installing_applies_every_object_and_waits_until_every_node_is_ready()
    {
        var installing = Install().ApplyAsync(Manifests(), mustExist: false, TimeSpan.FromSeconds(30), default);
        while (Get("DaemonSet", Mesh, "nodemesh") is null)
        {
            Assert.False(installing.IsCompleted, _console.Text);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        Roll(nodes: 2, ready: 1);
        await Task.Delay(700, TestContext.Current.CancellationToken);
        Assert.False(installing.IsCompleted, _console.Text);
        Roll(nodes: 2, ready: 2);

        Assert.Equal(0, await installing);
        Assert.Contains("1 of 2 nodes ready", _console.Text, StringComparison.Ordinal);
        Assert.All(ManifestObject.ReadAll(Manifests()), manifest => Assert.NotNull(Get(manifest.Kind, manifest.Json["metadata"]!["namespace"]?.ToString() ?? "", manifest.Name)));
    }

    [Fact(Timeout = 60_000)]
    public async Task Applying_again_changes_only_what_differs_and_leaves_the_fields_of_others()
    {
        await Install().ApplyAsync(Manifests(), mustExist: false, TimeSpan.Zero, default);
        var first = Version("DaemonSet", Mesh, "nodemesh");
        await Install().ApplyAsync(Manifests(), mustExist: true, TimeSpan.Zero, default);
        Assert.Equal(first, Version("DaemonSet", Mesh, "nodemesh"));

        await Install().ApplyAsync(Manifests("image.tag=2.0.0"), mustExist: true, TimeSpan.Zero, default);
        Assert.NotEqual(first, Version("DaemonSet", Mesh, "nodemesh"));
        Assert.Contains("nodemesh:2.0.0", Get("DaemonSet", Mesh, "nodemesh")!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task There_is_nothing_to_upgrade_where_nothing_is_installed() => Assert.Contains(
        "is not installed",
        (await Assert.ThrowsAsync<ClusterException>(() => Install().ApplyAsync(Manifests(), mustExist: true, TimeSpan.Zero, default))).Message,
        StringComparison.Ordinal);

    [Fact(Timeout = 60_000)]
    public async Task Uninstalling_takes_the_rights_of_the_agents_only_when_the_last_of_them_has_ended()
    {
        await Install().ApplyAsync(Manifests(), mustExist: false, TimeSpan.Zero, default);
        PutAgent("n1");
        var removing = Install().RemoveAsync(Manifests(), TimeSpan.FromSeconds(30), keepNamespace: false, default);
        while (Get("DaemonSet", Mesh, "nodemesh") is not null)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        await Task.Delay(700, TestContext.Current.CancellationToken);
        Assert.NotNull(Get("ClusterRoleBinding", "", "nodemesh-agent"));
        Assert.NotNull(Get("ServiceAccount", Mesh, "nodemesh-agent"));

        _server.Store.Delete("Pod", Mesh, "nodemesh-n1");
        Assert.Equal(0, await removing);
        Assert.Null(Get("ClusterRole", "", "nodemesh-agent"));
        Assert.Null(Get("ClusterRoleBinding", "", "nodemesh-agent"));
        Assert.NotNull(Get("Namespace", "", "default"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Check_says_what_is_in_the_way_and_what_to_do()
    {
        PutNode("old", "5.4.0-generic");
        PutNode("new", "6.8.0-generic");
        PutNode("arm", "6.1.0-arm64", "arm64");
        PutNode("mainframe", "6.8.0-generic", "s390x");
        _server.Store.Put("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cilium-config","namespace":"kube-system"},"data":{"kube-proxy-replacement":"true"}}""");
        var findings = new List<Finding>();
        await foreach (var finding in new ClusterChecks(_api, Mesh).RunAsync())
        {
            findings.Add(finding);
        }

        Assert.Contains(findings, f => f is { Severity: Severity.Warning, About: "node old" } && f.Remedy.Contains("5.17", StringComparison.Ordinal));
        Assert.Contains(findings, f => f is { Severity: Severity.Good, About: "node new" });
        Assert.Contains(findings, f => f is { Severity: Severity.Good, About: "node arm" });
        Assert.Contains(findings, f => f is { Severity: Severity.Warning, About: "node mainframe" } && f.Message.Contains("s390x", StringComparison.Ordinal));
        Assert.Equal(2, findings.Count(f => f is { Severity: Severity.Failure, About: "Cilium" }));
        Assert.Contains(findings, f => f is { Severity: Severity.Warning, About: "Gateway API" });
        Assert.All(findings.Where(f => f.Severity != Severity.Good), f => Assert.NotEmpty(f.Remedy));
    }

    [Fact(Timeout = 60_000)]
    public async Task Check_names_the_nodes_without_an_agent_and_the_agents_that_are_not_ready()
    {
        await Install().ApplyAsync(Manifests(), mustExist: false, TimeSpan.Zero, default);
        PutNode("n1", "6.8.0");
        PutNode("n2", "6.8.0");
        PutAgent("n1");
        var findings = new List<Finding>();
        await foreach (var finding in new MeshChecks(_api, Mesh).RunAsync())
        {
            findings.Add(finding);
        }
        Assert.Contains(findings, f => f is { Severity: Severity.Warning, About: "node n2" } && f.Message.Contains("no agent", StringComparison.Ordinal));
        Assert.Contains(findings, f => f is { Severity: Severity.Failure, About: "node n1" } && f.Message.Contains("ImagePullBackOff", StringComparison.Ordinal));
    }

    private static string Manifests(params string[] settings) => Chart.Render(ChartValues.Of([], settings.Prepend("createNamespace=true")), Mesh);

    private Installation Install() => new(_api, Mesh, _console.Console);

    private JsonObject? Get(string kind, string home, string name)
    {
        var type = _server.Store.Types.First(t => t.Kind == kind);
        return _server.Store.Get(type, home, name) is { } stored ? JsonNode.Parse(stored.Json)!.AsObject() : null;
    }

    private string Version(string kind, string home, string name) => Get(kind, home, name)!["metadata"]!["resourceVersion"]!.ToString();

    private void Roll(int nodes, int ready)
    {
        var set = Get("DaemonSet", Mesh, "nodemesh")!.DeepClone().AsObject();
        set["status"] = new JsonObject
        {
            ["observedGeneration"] = set["metadata"]!["generation"]?.DeepClone() ?? JsonValue.Create(1),
            ["desiredNumberScheduled"] = nodes,
            ["updatedNumberScheduled"] = nodes,
            ["numberReady"] = ready,
        };
        _server.Store.Put(set);
    }

    private void PutNode(string name, string kernel, string architecture = "amd64") => _server.Store.Put("""
        {"apiVersion":"v1","kind":"Node","metadata":{"name":"NAME"},"status":{"nodeInfo":{"kernelVersion":"KERNEL","operatingSystem":"linux","architecture":"MACHINE"}}}
        """.Replace("NAME", name, StringComparison.Ordinal).Replace("KERNEL", kernel, StringComparison.Ordinal).Replace("MACHINE", architecture, StringComparison.Ordinal));

    private void PutAgent(string node) => _server.Store.Put("""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"nodemesh-NODE","namespace":"nodemesh-system","labels":{"app.kubernetes.io/name":"nodemesh"}},
         "spec":{"nodeName":"NODE"},"status":{"containerStatuses":[{"name":"agent","state":{"waiting":{"reason":"ImagePullBackOff"}}}]}}
        """.Replace("NODE", node, StringComparison.Ordinal));
}
