using CliWrap;
using CliWrap.Buffered;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Monitoring;

/// <summary>What a real Prometheus makes of the metrics, the rules and the dashboards.</summary>
public sealed class RealPrometheus(MonitoredShop monitored) : IClassFixture<MonitoredShop>
{
    private const string OfWeb = "{destination_service=\"default/web\",direction=\"local\"}";

    public static TheoryData<string> Dashboards => [.. Dashboard.Names];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Dashboards))]
    public async Task Every_panel_of_a_dashboard_has_an_answer(string dashboard)
    {
        using var board = new Dashboard(dashboard);
        var empty = new List<string>();
        foreach (var (panel, query) in board.Queries(rateInterval: "1m"))
        {
            if ((await monitored.Prometheus.QueryAsync(query)).Count == 0)
            {
                empty.Add($"{panel}: {query}");
            }
        }

        Assert.NotEmpty(board.Queries("1m"));
        Assert.Empty(empty);
    }

    [Fact(Timeout = 120_000)]
    public async Task It_counts_what_the_agent_counts()
    {
        var scrape = await monitored.Shop.Agent.ScrapeAsync();
        var requests = scrape.Sum("nodemesh_http_requests_total", ("destination_service", "default/web"));

        Assert.True(requests >= 100);
        await Eventually.EqualAsync("requests to the Service, of all outcomes", requests, async () => (await monitored.Prometheus.QueryAsync("sum(nodemesh_http_requests_total{destination_service=\"default/web\"})"))[0].Value);
        Assert.Equal(
            ["fault_injected"],
            (await monitored.Prometheus.QueryAsync("nodemesh_http_requests_total{status=\"5xx\"}")).Select(series => series.Label("reason")));
    }

    [Fact(Timeout = 120_000)]
    public async Task The_bucket_boundaries_and_the_sum_of_latencies_agree()
    {
        var below = (await monitored.Prometheus.QueryAsync($"sum(nodemesh_http_request_duration_seconds_bucket{{le=\"+Inf\",destination_service=\"default/web\"}})"))[0].Value;
        var count = (await monitored.Prometheus.QueryAsync($"sum(nodemesh_http_request_duration_seconds_count{{destination_service=\"default/web\"}})"))[0].Value;
        var p99 = (await monitored.Prometheus.QueryAsync($"histogram_quantile(0.99, sum by (le) (nodemesh_http_request_duration_seconds_bucket{OfWeb}))"))[0].Value;

        Assert.True(count > 0);
        Assert.Equal(count, below);
        Assert.InRange(p99, 0.0001, 60);
    }

    [Fact(Timeout = 120_000)]
    public async Task Every_rule_can_be_evaluated_and_only_the_errors_raise_an_alarm()
    {
        var rules = await Eventually.HoldsAsync("all are evaluated", monitored.Prometheus.RulesAsync, rules => rules.Values.All(rule => rule.Health != "unknown"));

        Assert.NotEmpty(rules);
        Assert.All(rules, rule => Assert.Equal("ok", rule.Value.Health));
        // It waits for five minutes of that.
        Assert.Equal([("NodeMeshErrorRate", "pending")], rules.Where(rule => rule.Value.State is not ("" or "inactive")).Select(rule => (rule.Key, rule.Value.State)));
    }

    [Fact(Timeout = 120_000)]
    public async Task The_pods_share_the_CPU_time_of_the_proxy()
    {
        var pods = await monitored.Prometheus.QueryAsync("nodemesh_pod_cpu_seconds_total");
        var proxy = (await monitored.Prometheus.QueryAsync("nodemesh_process_cpu_seconds_total{component=\"proxy\"}"))[0].Value;

        Assert.Equal(["client", "web-1", "web-2"], pods.Select(pod => pod.Label("pod")).Order());
        Assert.InRange(pods.Sum(pod => pod.Value), 0.001, proxy + 0.5);
        // Its traffic within the node is accepted from it alone.
        Assert.Equal("client", pods.MaxBy(pod => pod.Value)!.Label("pod"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Promtool_finds_nothing_to_complain_about()
    {
        var text = await monitored.Shop.Agent.GetAsync("/metrics");
        var result = await CliWrap.Cli.Wrap("promtool").WithArguments(["check", "metrics"]).WithStandardInputPipe(PipeSource.FromString(text))
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();

        Assert.Equal((0, ""), (result.ExitCode, result.StandardOutput + result.StandardError));
    }
}
