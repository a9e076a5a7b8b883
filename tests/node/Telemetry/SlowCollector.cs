using NodeMesh.NodeTests.Kernel;
using NodeMesh.NodeTests.Kit;

namespace NodeMesh.NodeTests.Telemetry;

[Collection("logging")]
public sealed class SlowCollector(LoggingShop logging)
{
    [Fact(Timeout = 180_000)]
    public async Task A_collector_that_stands_still_costs_spans_and_lines_which_are_counted_and_no_request_waits()
    {
        var shop = logging.Shop;
        var pod = await shop.Node.AddPodAsync("otel");
        shop.Mesh.Resources.Pod(pod, enrolled: false, app: "otel");
        var collector = await CollectorPod.StartAsync(pod, shop.Mesh.Resources);
        try
        {
            collector.Process.Signal(Libc.SIGSTOP);
            shop.Mesh.Resources.Write("telemetry", $$"""
                {apiVersion: nodemesh.io/v1alpha1, kind: TelemetryPolicy, metadata: {name: stopped, namespace: default},
                 spec: {targetRefs: [{kind: Service, name: web}], accessLog: { {{CollectorPod.Grpc}} }, tracing: {percentage: 100, {{CollectorPod.Http}} } } }
                """);
            await shop.Agent.AppliesAsync("\"default/stopped\"");

            for (var (lines, spans) = (0d, 0d); lines == 0 || spans == 0;)
            {
                SmallShop.AssertNoFailure(await shop.LoadAsync(2_000), shop.Agent.Process);
                var scrape = await shop.Agent.ScrapeAsync();
                lines = scrape.Sum("nodemesh_access_log_dropped_total", ("sink", "collector"), ("reason", "full"));
                spans = scrape.Sum("nodemesh_trace_dropped_total", ("reason", "full"));
            }

            // What is still there comes once it goes on.
            collector.Process.Signal(Libc.SIGCONT);
            await collector.ReceivesAsync("log", 1, _ => true);
            await collector.ReceivesAsync("span", 1, _ => true);
        }
        finally
        {
            shop.Mesh.Resources.Delete("telemetry");
            shop.Mesh.Resources.Delete("service-otel");
            shop.Mesh.Resources.RemovePod(pod);
            await pod.DisposeAsync();
        }
    }
}
