using System.Diagnostics;
using System.Net;
using NodeMesh.Contract.Otlp;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Xunit;
using Status = NodeMesh.Contract.Otlp.Status;

namespace NodeMesh.UnitTests.Telemetry.Otlp;

/// <summary>The messages of External/otlp.proto are those that OpenTelemetry's own SDK sends.</summary>
public class SdkTests
{
    [Fact]
    public void What_the_SDK_sends_is_what_our_messages_say()
    {
        using var taken = new Taken();
        using var source = new ActivitySource("sdk-test");
        using (var provider = Sdk.CreateTracerProviderBuilder()
            .AddSource(source.Name)
            .ConfigureResource(resource => resource.Clear().AddService("cart", "shop"))
            .AddOtlpExporter(otlp =>
            {
                otlp.Protocol = OtlpExportProtocol.HttpProtobuf;
                otlp.Endpoint = new Uri("http://collector.invalid/v1/traces");
                otlp.ExportProcessorType = ExportProcessorType.Simple;
                otlp.HttpClientFactory = () => new HttpClient(taken, disposeHandler: false);
            })
            .Build())
        {
            var parent = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded, "vendor=1", isRemote: true);
            using var activity = source.StartActivity("GET", ActivityKind.Client, parent)!;
            activity.SetTag("http.request.method", "GET").SetTag("http.response.status_code", 503);
            activity.AddEvent(new ActivityEvent("retry"));
            activity.SetStatus(ActivityStatusCode.Error);
            activity.Stop();
            provider.ForceFlush();

            var sent = Assert.Single(ExportTraceServiceRequest.Parser.ParseFrom(Assert.Single(taken.Bodies)).ResourceSpans);
            var span = Assert.Single(Assert.Single(sent.ScopeSpans).Spans);
            Assert.Contains(sent.Resource.Attributes, attribute => attribute is { Key: "service.name", Value.StringValue: "cart" });
            Assert.Equal((activity.TraceId.ToHexString(), activity.SpanId.ToHexString(), parent.SpanId.ToHexString()), (Hex(span.TraceId), Hex(span.SpanId), Hex(span.ParentSpanId)));
            Assert.Equal(("GET", Span.Types.Kind.Client, "vendor=1", "retry", Status.Types.Code.Error), (span.Name, span.Kind, span.TraceState, Assert.Single(span.Events).Name, span.Status.Code));
            Assert.Equal(503, span.Attributes.Single(attribute => attribute.Key == "http.response.status_code").Value.IntValue);
            Assert.Equal(NodeMesh.Proxy.Telemetry.Otlp.OtlpSpans.Nanoseconds(activity.StartTimeUtc), span.StartTimeUnixNano);
            Assert.Equal(1u, span.Flags & 0xff);
            Assert.Equal("sdk-test", sent.ScopeSpans[0].Scope.Name);
        }
    }

    private static string Hex(Google.Protobuf.ByteString id) => Convert.ToHexStringLower(id.Span);

    private sealed class Taken : HttpMessageHandler
    {
        public List<byte[]> Bodies { get; } = [];

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using var body = new MemoryStream();
            request.Content!.CopyTo(body, null, cancellationToken);
            Bodies.Add(body.ToArray());
            return new HttpResponseMessage(HttpStatusCode.OK);
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(Send(request, cancellationToken));
    }
}
