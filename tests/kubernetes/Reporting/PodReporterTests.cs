using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using NodeMesh.Agent.Compiler.Policies;
using NodeMesh.Agent.Compiler.Routes;
using NodeMesh.Agent.Reporting;
using NodeMesh.Agent.Resources.Model;
using NodeMesh.KubernetesTests.Cluster;
using PodStatus = NodeMesh.Agent.Serving.PodStatus;

namespace NodeMesh.KubernetesTests.Reporting;

public class PodReporterTests
{
    [Fact(Timeout = 60_000)]
    public async Task A_pod_that_was_captured_before_the_node_was_booted_and_now_is_not_is_reported()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.PodAsync("web", "10.200.0.1", annotations: "\"nodemesh.io/status\":\"captured\"");
        await using var reporting = new Reporting(cluster);

        reporting.Publish(await ReportAsync(cluster, isCaptured: false));
        await Soon.TrueAsync("it is told", () => cluster.ListAsync("v1", "events").GetAwaiter().GetResult().Count == 1);

        var told = (await cluster.ListAsync("v1", "events")).Single();
        Assert.Equal(("Warning", "NotCaptured", "no namespace holds its address"), ((string?)told["type"], (string?)told["reason"], (string?)told["message"]));
        Assert.Equal("not-captured", (string?)(await cluster.GetAsync("v1", "pods", "web"))["metadata"]!["annotations"]!["nodemesh.io/status"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pod_that_started_unmeshed_is_told_of_once_even_when_it_is_captured_since()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.PodAsync("web", "10.200.0.1");
        await using var reporting = new Reporting(cluster);
        var report = await ReportAsync(cluster, isCaptured: true);
        var uid = report.Declared.Values.Single().Metadata.Uid!;

        // Of another pod by the same name, that is gone, nothing is told.
        reporting.Publish(report with { StartedUnmeshed = [($"{cluster.Namespace}/web", "an-earlier-one")] });
        await Soon.TrueAsync("it is captured", () => Reasons(cluster).Contains("Captured"));
        await Task.Delay(600); // two looks
        Assert.Equal(["Captured"], Reasons(cluster));

        reporting.Publish(report with { StartedUnmeshed = [($"{cluster.Namespace}/web", uid)] });
        await Soon.TrueAsync("it is told", () => Reasons(cluster).Contains("StartedUnmeshed"));
        await Task.Delay(600);
        Assert.Equal(2, Reasons(cluster).Count);
    }

    private static IReadOnlyList<string> Reasons(TestCluster cluster) => [.. cluster.ListAsync("v1", "events").GetAwaiter().GetResult().Select(told => (string)told["reason"]!)];

    private static async Task<NodeReport> ReportAsync(TestCluster cluster, bool isCaptured)
    {
        var live = await cluster.GetAsync("v1", "pods", "web");
        var pod = new Pod
        {
            Metadata = new ObjectMeta
            {
                Namespace = cluster.Namespace, Name = "web", Uid = (string?)live["metadata"]!["uid"],
                Annotations = live["metadata"]!["annotations"]?.AsObject().ToDictionary(entry => entry.Key, entry => (string)entry.Value!) ?? [],
            },
        };
        return new NodeReport(
            "ebpf",
            [new PodStatus(cluster.Namespace, "web", null, [], true, isCaptured, isCaptured ? [] : ["no namespace holds its address"], 0, 0, 0)],
            ImmutableSortedDictionary.Create<string, Pod>(StringComparer.Ordinal).Add(pod.Metadata.Id, pod),
            ImmutableSortedDictionary.Create<string, RouteStatus>(StringComparer.Ordinal),
            ImmutableSortedDictionary.Create<string, PolicyStatus>(StringComparer.Ordinal),
            []);
    }

    private sealed class Reporting : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly PodReporter _reporter;
        private readonly Task _running;

        public Reporting(TestCluster cluster)
        {
            _reporter = new PodReporter(cluster.Api, new ObjectEvents(cluster.Api, cluster.Node, TimeProvider.System), cluster.Node, TimeProvider.System, NullLogger.Instance);
            _running = _reporter.RunAsync(_stop.Token);
        }

        public void Publish(NodeReport report) => _reporter.Publish(report);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }
    }
}
