using System.Net;
using NodeMesh.NodeTests.Kit;
using NodeMesh.TestApp.Calling;

namespace NodeMesh.NodeTests.Policies;

/// <summary>A Service with one endpoint on the other node, for policies about failures that are real.</summary>
public abstract class ResilientService(EbpfMesh mesh) : IAsyncLifetime
{
    protected const string Web = "10.96.0.64";
    protected const string Http = Web + ":80";

    protected EbpfMesh Mesh { get; } = mesh;

    public async ValueTask InitializeAsync()
    {
        Mesh.Mesh.Resources.Pod(Mesh.Server(isNear: false), app: "resilient");
        Mesh.Mesh.Resources.Service("resilient", "resilient", [IPAddress.Parse(Web)], "name: http, port: 80, targetPort: 8080", "name: raw, port: 90, targetPort: 9000", "name: grpc, port: 82, targetPort: 8082");
        await Eventually.HoldsAsync("the Service answers", () => CallAsync(), result => result.Ok);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in new[] { "policy", "route", "service-resilient" })
        {
            Mesh.Mesh.Resources.Delete(name);
        }
        Mesh.Mesh.Resources.Pod(Mesh.Server(isNear: false));
        await Eventually.TrueAsync("nothing is left of it", async () => !(await Mesh.Near.Agent.GetAsync("/config")).Contains("resilient", StringComparison.Ordinal));
    }

    protected Task<CallResult> CallAsync(string path = "/") => Mesh.Client().CallAsync(new CallRequest { Kind = "http", Target = Http, Path = path });

    protected async Task<List<CallResult>> TimesAsync(int count)
    {
        var results = new List<CallResult>();
        for (var i = 0; i < count; i++)
        {
            results.Add(await CallAsync());
        }
        return results;
    }

    protected async Task<List<string>> PodsAsync(int count) =>
        [.. (await Mesh.Client().ExecAsync("curl", "-sS", "-o", "/dev/null", "-w", "%header{x-pod}\\n", $"http://{Http}/?n=[1-{count}]")).Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>The statuses of so many requests, ten at a time.</summary>
    protected async Task<List<string>> CrowdAsync(int count) =>
        [.. (await Mesh.Client().ExecAsync("curl", "-Z", "--parallel-max", "10", "-sS", "-o", "/dev/null", "-w", "%{http_code}\\n", $"http://{Http}/?n=[1-{count}]")).Split('\n', StringSplitOptions.RemoveEmptyEntries)];

    protected async Task<double> CountAsync(string metric, params (string Name, string Value)[] labels) => (await Mesh.Near.Agent.ScrapeAsync()).Sum(metric, labels);

    protected async Task PolicyAsync(string spec)
    {
        Mesh.Mesh.Resources.Write("policy", $$"""
            apiVersion: nodemesh.io/v1alpha1
            kind: TrafficPolicy
            metadata: {name: policy, namespace: default}
            spec: {targetRefs: [{kind: Service, name: resilient}], {{spec}} }
            """);
        await Eventually.TrueAsync("the policy is in force", async () => (await Mesh.Near.Agent.GetAsync("/policies")).Contains("\"Accepted\"", StringComparison.Ordinal));
        await Mesh.Near.Agent.ReadyAsync();
    }

    protected void Retries(string retry) => Mesh.Mesh.Resources.Write("route", $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: resilient, namespace: default}
        spec: {parentRefs: [{group: "", kind: Service, name: resilient, port: 80}], rules: [{backendRefs: [{name: resilient, port: 80}], retry: { {{retry}} } }] }
        """);

    /// <summary>A captured endpoint of the Service that serves what the locations say; {home} in them is a directory of its own.</summary>
    /// <param name="on">Where; absent: on the client's node.</param>
    protected async Task<TestPod> NginxAsync(string name, string locations, TestNode? on = null)
    {
        on ??= Mesh.Near;
        // It serves before the Service knows of it.
        var pod = await on.AddPodAsync(name);
        await Mesh.StartNginxAsync(pod, 8080, locations);
        Mesh.Mesh.Resources.Pod(pod, app: "resilient");
        await on.Agent.CapturedAsync(pod);
        return pod;
    }

    /// <summary>Its server ends; to the mesh it is an endpoint as before.</summary>
    protected Task StopNginxAsync(TestPod pod) => pod.ExecAsync("nginx", "-c", $"{Mesh.Home(pod.Name)}/nginx.conf", "-s", "stop");

    protected Task RemoveAsync(TestPod pod) => Mesh.RemovePodAsync(pod);
}
