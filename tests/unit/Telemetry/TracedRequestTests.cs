using NodeMesh.Contract;
using NodeMesh.Contract.Otlp;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.Proxy.Telemetry.Otlp;
using NodeMesh.UnitTests.Forwarding.Http;
using Xunit;

namespace NodeMesh.UnitTests.Telemetry;

/// <summary>What a request says of its trace on its way, and the spans that come of it.</summary>
public class TracedRequestTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Parent = "b7ad6b7169203331";

    [Fact(Timeout = 20_000)]
    public async Task Without_a_policy_nothing_is_added_to_a_request_and_its_own_trace_passes()
    {
        await using var hub = await HubFixture.StartAsync();
        hub.Declare(hub.Upstream);
        var plain = await HeadAsync(hub, "");
        Assert.DoesNotContain("traceparent", plain, StringComparison.OrdinalIgnoreCase);
        var traced = await HeadAsync(hub, $"traceparent: 00-{Trace}-{Parent}-01\r\ntracestate: a=b\r\n");
        Assert.Contains($"traceparent: 00-{Trace}-{Parent}-01\r\ntracestate: a=b\r\n", traced, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(hub.Told.Records);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_trace_that_is_not_sampled_passes_as_it_is()
    {
        await using var hub = await TracingAsync(1_000_000);
        var head = await HeadAsync(hub, $"traceparent: 00-{Trace}-{Parent}-00\r\n");
        Assert.Contains($"traceparent: 00-{Trace}-{Parent}-00\r\n", head, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(hub.Told.Records);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_sampled_trace_is_joined_with_a_span_of_the_client_s_side()
    {
        await using var hub = await TracingAsync(0);
        var head = await HeadAsync(hub, $"traceparent: 00-{Trace}-{Parent}-01\r\ntracestate: a=b\r\n");
        var span = Assert.Single(await SpansAsync(hub));

        Assert.Contains($"traceparent: 00-{Trace}-{Hex(span.SpanId)}-01\r\n", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("tracestate: a=b\r\n", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((Trace, Parent, "a=b", "GET", Span.Types.Kind.Client), (Hex(span.TraceId), Hex(span.ParentSpanId), span.TraceState, span.Name, span.Kind));
        Assert.True(span.EndTimeUnixNano >= span.StartTimeUnixNano);
        var attributes = span.Attributes.ToDictionary(attribute => attribute.Key, attribute => attribute.Value);
        Assert.Equal(("GET", 200, "/x", "web.shop", 8080), (attributes["http.request.method"].StringValue, attributes["http.response.status_code"].IntValue,
            attributes["url.path"].StringValue, attributes["server.address"].StringValue, attributes["server.port"].IntValue));
        Assert.Equal(("http://web.shop:8080/x", "1.1", "shop/web"), (attributes["url.full"].StringValue, attributes["network.protocol.version"].StringValue, attributes["nodemesh.service"].StringValue));
        Assert.Equal(hub.Upstream.Port, attributes["network.peer.port"].IntValue);
        Assert.Null(span.Status);
        Assert.DoesNotContain(span.Attributes, attribute => attribute.Value.StringValue.Contains("secret", StringComparison.Ordinal));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_sampled_request_is_an_example_of_its_latency()
    {
        await using var hub = await TracingAsync(0);
        await HeadAsync(hub, "");
        await HeadAsync(hub, $"traceparent: 00-{Trace}-{Parent}-01\r\n");
        await hub.EventuallyCountsAsync("nodemesh_http_requests_total", "} 2");

        var scrape = System.Text.Encoding.UTF8.GetString(await hub.Metrics.ExportAsync(Prometheus.ExpositionFormat.OpenMetricsText, TestContext.Current.CancellationToken));
        var example = Assert.Single(scrape.Split('\n'), line => line.Contains("trace_id", StringComparison.Ordinal));
        Assert.Contains($"# {{trace_id=\"{Trace}\"}}", example, StringComparison.Ordinal);
        Assert.StartsWith("nodemesh_http_request_duration_seconds_bucket{", example, StringComparison.Ordinal);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_trace_that_can_not_be_made_out_is_begun_anew_without_its_state()
    {
        await using var hub = await TracingAsync(1_000_000);
        var head = await HeadAsync(hub, "traceparent: nonsense\r\ntracestate: a=b\r\n");
        var span = Assert.Single(await SpansAsync(hub));

        Assert.Contains($"traceparent: 00-{Hex(span.TraceId)}-{Hex(span.SpanId)}-01\r\n", head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("tracestate", head, StringComparison.OrdinalIgnoreCase);
        Assert.True(span.ParentSpanId.IsEmpty);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_retry_is_an_event_and_a_failure_an_error()
    {
        await using var hub = await RoutedHub.StartAsync(new RouteRule { Retry = new RouteRetry { Attempts = 1, Codes = { 503 }, BackoffMilliseconds = 1 } });
        TraceAll(hub, 1_000_000);
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync(RoutedHub.Get);
        var heads = new List<string>();
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var upstream = await hub.UpstreamAsync();
            heads.Add(await upstream.HeadAsync());
            await upstream.SendAsync("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        await client.HeadAsync();
        var span = Assert.Single(await SpansAsync(hub));

        Assert.All(heads, head => Assert.Contains(Hex(span.SpanId), head, StringComparison.Ordinal));
        Assert.Equal("retry", Assert.Single(span.Events).Name);
        Assert.InRange(span.Events[0].TimeUnixNano, span.StartTimeUnixNano, span.EndTimeUnixNano);
        Assert.Equal(Status.Types.Code.Error, span.Status.Code);
        var attributes = span.Attributes.ToDictionary(attribute => attribute.Key, attribute => attribute.Value);
        Assert.Equal((1, "503", "shop/r"), (attributes["http.request.resend_count"].IntValue, attributes["error.type"].StringValue, attributes["nodemesh.route"].StringValue));
    }

    private static async Task<HubFixture> TracingAsync(uint perMillion)
    {
        var hub = await HubFixture.StartAsync();
        hub.Declare(hub.Upstream);
        TraceAll(hub, perMillion);
        return hub;
    }

    private static void TraceAll(HubFixture hub, uint perMillion) => hub.Store.Apply(new SnapshotDelta
    {
        Version = hub.Store.Current.Version + 1,
        Policies =
        {
            new ScopedPolicies
            {
                Scope = "",
                Tracing = new TracingRules { PerMillion = perMillion, Collector = new OtlpCollector { Port = new BackendPort { Service = "watch/otel", Port = 4317 } } },
            },
        },
    });

    /// <summary>The head of a request as it arrives upstream.</summary>
    private static async Task<string> HeadAsync(HubFixture hub, string fields)
    {
        var client = await hub.ClientAsync(HubFixture.ClusterIp);
        await client.SendAsync($"GET /x?token=secret HTTP/1.1\r\nHost: web.shop:8080\r\nConnection: close\r\n{fields}\r\n");
        var upstream = await hub.UpstreamAsync();
        var head = await upstream.HeadAsync();
        await upstream.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await client.RestAsync();
        return head;
    }

    private static async Task<IReadOnlyList<Span>> SpansAsync(HubFixture hub)
    {
        var record = await hub.Told.SingleAsync();
        return [.. OtlpSpans.Of([record]).ResourceSpans.SelectMany(of => of.ScopeSpans).SelectMany(scope => scope.Spans)];
    }

    private static string Hex(Google.Protobuf.ByteString id) => Convert.ToHexStringLower(id.Span);
}
