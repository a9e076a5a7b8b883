using System.Text;
using System.Text.RegularExpressions;
using NodeMesh.Agent.Serving;
using NodeMesh.Contract;
using NodeMesh.Contract.Telemetry;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Detection;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.HealthChecking;
using NodeMesh.Proxy.Telemetry;
using Prometheus;

namespace NodeMesh.UnitTests.Monitoring;

/// <summary>Every metric family of agent and proxy, as the code itself exports it once each has counted something.</summary>
internal static partial class MetricsCatalogue
{
    public static async Task<IReadOnlyList<MetricFamily>> ReadAsync() => [.. Parse("agent", AgentText()), .. Parse("proxy", await ProxyTextAsync())];

    public static string Document(IReadOnlyList<MetricFamily> families)
    {
        var text = new StringBuilder("""
            # Metrics

            `/metrics` of an agent (`http://NODE:15020/metrics`) has all of them in one scrape: the agent's and its proxy's, in the Prometheus text format.
            Units are base units and stand in the names: `_seconds`, `_bytes`; what ends in `_total` only ever grows.
            A family without traffic or policies of its kind has no series yet.

            Traffic is counted on each node it crosses: `direction` is `outbound` on the client's node, `inbound` on the server's, and `local`, once, where both
            are one. Each request and connection of a meshed pod is therefore in `direction=~"outbound|local"` exactly once, also when it never left the node because it
            was refused or nobody could be reached; those of clients outside the mesh are in `inbound`. Workloads are named by their owner
            (Deployment, StatefulSet, Job …); `status` is a class (`2xx`; `0`: aborted), `reason` the word of the header `nodemesh-error` (empty: the mesh did not end it).
            `security` says what protects it on the way on from there: `plaintext`; `app_tls`, TLS of the two ends, which passes through; `mesh_tls`, TLS that the proxy speaks to the endpoint because a
            BackendTLSPolicy wants it (where that arrives on another node it looks like `app_tls`).

            Traffic series are bounded: beyond 10,000 label sets, new ones share one series whose labels are all `overflow`, and `nodemesh_metrics_overflow_total` counts that.

            Recording and alerting rules are in [installer/prometheus/rules.yaml](../installer/prometheus/rules.yaml); rules_test.yaml beside it shows when each alert fires.

            The tables are made from the code: a test fails when they differ, and `NODEMESH_WRITE_DOCS=1 tests/run -class '*MetricsDocumentTests'` writes them anew.

            """.ReplaceLineEndings("\n"));
        foreach (var component in families.GroupBy(family => family.Component))
        {
            text.Append('\n').Append("## ").Append(component.Key == "agent" ? "Agent" : "Proxy").Append("\n\n| family | type | unit | labels | meaning |\n|---|---|---|---|---|\n");
            foreach (var family in component)
            {
                var labels = string.Join(", ", family.Labels.Select(label => $"`{label}`"));
                text.Append("| `").Append(family.Name).Append("` | ").Append(family.Type).Append(" | ").Append(family.Unit).Append(" | ").Append(labels).Append(" | ").Append(family.Help).Append(" |\n");
            }
        }
        return text.ToString();
    }

    private static string AgentText() => new AgentMetrics().Scrape(
        new AgentStatus
        {
            CaptureMode = "ebpf",
            Pods = [new PodStatus("shop", "web-1", null, [], Enrolled: true, Captured: true, [], 1, 1, 1)],
            Problems = [new ProblemStatus("Service", "shop/web", "Invalid", "")],
            ProxyPid = Environment.ProcessId,
        },
        DateTimeOffset.UnixEpoch);

    private static async Task<string> ProxyTextAsync()
    {
        var metrics = new ProxyMetrics(maxSeries: 2);
        var labels = new TrafficLabels(TrafficDirection.Local, TrafficProtocol.Http1, "shop", "cart", "shop", "web", "shop/web");
        var connections = metrics.Connections(labels);
        connections.Opened();
        connections.Closed(Reason.None);
        metrics.Requests(labels).Done(200, null, Reason.None, TimeSpan.FromMilliseconds(1));
        metrics.Retried("shop/web");
        metrics.RetryRefused("shop/web", "max_retries");
        metrics.Mirrored("shop/web", "answered");
        metrics.Hedged("shop/web", "won");
        metrics.ConnectionsRefused("web-1").Inc();
        new DetectionCounters(metrics).Detected(Verdict.Http1);
        var policies = metrics.Policies;
        policies.RateLimited("shop/web", "all");
        policies.FaultInjected("shop/web", "abort");
        policies.Denied("shop/web");
        policies.Audited("shop/web");
        policies.Unanswered("shop/guard", "authorization");
        policies.LeftMesh("shop/web", isAudit: false);
        var port = new ServicePortEntry("shop/web", "shop", "web", 80, "http", Protocol.Http, []);
        var health = new HealthMetrics(metrics.Registry);
        health.Checked(port, passed: true);
        health.Changed(port, isUnwell: true);
        var telemetry = new TelemetryMetrics(metrics.Registry);
        telemetry.Written("file", 1);
        telemetry.Dropped("file", "full");
        telemetry.SpansSent(1);
        telemetry.SpansDropped("full", 1);
        AddScraped(metrics);
        return Encoding.UTF8.GetString(await metrics.ExportAsync(ExpositionFormat.PrometheusText, default));
    }

    // What is taken stock of at each scrape.
    private static void AddScraped(ProxyMetrics metrics)
    {
        var pods = new PodTable();
        pods.Add(new LocalPod(1, "shop/web-1", [], [], (_, _) => { }));
        var clock = TimeSpan.Zero;
        _ = new PodMetrics(metrics.Registry, pods, () => clock += TimeSpan.FromSeconds(1));
        pods.Find(1)!.Usage.Accepted();
        var store = new SnapshotStore(TimeProvider.System);
        store.Apply(new SnapshotDelta
        {
            Version = 1,
            Full = true,
            Services = { new Service { Id = "shop/web", Namespace = "shop", Name = "web", Ports = { new ServicePort { Port = 80 } } } },
        });
        store.Current.FindServicePort("shop/web", 80)!.Traffic.Apply(new TrafficRules { Outliers = new OutlierRules() }, null, null, []);
        _ = new OutlierMetrics(metrics.Registry, store, TimeProvider.System);
        _ = new RuntimeMetrics(metrics.Registry, "proxy");
    }

    private static IEnumerable<MetricFamily> Parse(string component, string text)
    {
        foreach (Match head in Head().Matches(text))
        {
            var name = head.Groups["name"].Value;
            var type = head.Groups["type"].Value;
            var sample = Regex.Match(text, $@"^{name}(?:_bucket)?(?:\{{(.*)\}})? ", RegexOptions.Multiline);
            if (!sample.Success)
            {
                throw new InvalidOperationException($"{name} has no series: count something of it in {nameof(MetricsCatalogue)}");
            }
            var labels = Label().Matches(sample.Groups[1].Value).Select(label => label.Groups[1].Value).Where(label => label != "le");
            yield return new MetricFamily(component, name, type, head.Groups["help"].Value, [.. labels]);
        }
    }

    [GeneratedRegex("^# HELP (?<name>nodemesh_\\w+) (?<help>.*)\n# TYPE \\w+ (?<type>\\w+)", RegexOptions.Multiline)]
    private static partial Regex Head();

    [GeneratedRegex("(\\w+)=\"")]
    private static partial Regex Label();
}
