using System.Text;
using NodeMesh.Proxy.Accepting;
using NodeMesh.Proxy.Telemetry;
using Prometheus;
using Xunit;

namespace NodeMesh.UnitTests.Telemetry;

public sealed class PodMetricsTests
{
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly PodTable _pods = new();
    private TimeSpan _cpu;

    public PodMetricsTests() => _ = new PodMetrics(_registry, _pods, () => _cpu);

    [Fact(Timeout = 20_000)]
    public async Task The_CPU_time_goes_to_those_who_caused_it()
    {
        var (busy, calm) = (Add(1, "shop/busy"), Add(2, "shop/calm"));
        for (var i = 0; i < 3; i++)
        {
            busy.Usage.Requested(TrafficProtocol.Http1);
        }
        calm.Usage.Requested(TrafficProtocol.Http1);
        _cpu += TimeSpan.FromSeconds(4);

        var text = await ScrapeAsync();

        Assert.Contains("""nodemesh_pod_cpu_seconds_total{namespace="shop",pod="busy"} 3""", text);
        Assert.Contains("""nodemesh_pod_cpu_seconds_total{namespace="shop",pod="calm"} 1""", text);
    }

    [Fact(Timeout = 20_000)]
    public async Task Time_in_which_no_pod_did_anything_is_shared_when_one_does()
    {
        var pod = Add(1, "shop/web");
        _cpu += TimeSpan.FromSeconds(1);
        await ScrapeAsync();
        pod.Usage.Accepted();
        _cpu += TimeSpan.FromSeconds(1);

        Assert.Contains("""nodemesh_pod_cpu_seconds_total{namespace="shop",pod="web"} 2""", await ScrapeAsync());
    }

    [Fact(Timeout = 20_000)]
    public async Task A_pod_that_comes_again_goes_on_counting_and_one_that_is_gone_has_no_series()
    {
        var first = Add(1, "shop/web");
        first.Usage.Moved(1000);
        await ScrapeAsync();
        var second = Add(2, "shop/web");
        second.Usage.Moved(10);
        _pods.Remove(first);

        Assert.Contains("""nodemesh_pod_bytes_total{namespace="shop",pod="web"} 1010""", await ScrapeAsync());
        _pods.Remove(second);
        Assert.DoesNotContain("pod=\"web\"", await ScrapeAsync());
    }

    [Fact(Timeout = 20_000)]
    public async Task What_is_held_is_what_has_not_been_let_go()
    {
        var pod = Add(1, "shop/web");
        pod.Usage.Relayed(bytes: 100, buffered: 60);
        pod.Usage.Relayed(bytes: 50, buffered: -20);

        Assert.Contains("""nodemesh_pod_buffered_bytes{namespace="shop",pod="web"} 40""", await ScrapeAsync());
        Assert.Contains("""nodemesh_pod_bytes_total{namespace="shop",pod="web"} 150""", await ScrapeAsync());
    }

    private LocalPod Add(ulong netns, string id)
    {
        var pod = new LocalPod(netns, id, [], [], (_, _) => { });
        _pods.Add(pod);
        return pod;
    }

    private async Task<string> ScrapeAsync()
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
