using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using NodeMesh.Contract.Otlp;

namespace NodeMesh.TestApp.Serving;

/// <summary>A collector of the OpenTelemetry protocol, by gRPC (4317) and over HTTP (4318): a JSON line for each span and each log record.</summary>
internal static class Collector
{
    private const int Grpc = 4317, Http = 4318, Prefix = 5;

    private static readonly Lock Printing = new();

    public static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.IPv6Any, Grpc, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.IPv6Any, Http, listen => listen.Protocols = HttpProtocols.Http1);
        });
        await using var app = builder.Build();
        app.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", context => GrpcAsync(context, body => Print(ExportTraceServiceRequest.Parser.ParseFrom(body), "grpc")));
        app.MapPost("/opentelemetry.proto.collector.logs.v1.LogsService/Export", context => GrpcAsync(context, body => Print(ExportLogsServiceRequest.Parser.ParseFrom(body), "grpc")));
        app.MapPost("/v1/traces", context => HttpAsync(context, body => Print(ExportTraceServiceRequest.Parser.ParseFrom(body), "http")));
        app.MapPost("/v1/logs", context => HttpAsync(context, body => Print(ExportLogsServiceRequest.Parser.ParseFrom(body), "http")));
        await app.StartAsync();
        Console.WriteLine("ready");

        var stop = new TaskCompletionSource();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => { context.Cancel = true; stop.TrySetResult(); });
        await stop.Task;
        return 0;
    }

    private static async Task GrpcAsync(HttpContext context, Action<byte[]> print)
    {
        var body = await ReadAsync(context);
        print(body[Prefix..]);
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[Prefix]); // an empty message
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task HttpAsync(HttpContext context, Action<byte[]> print)
    {
        if (context.Request.ContentType != "application/x-protobuf")
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }
        print(await ReadAsync(context));
        context.Response.ContentType = "application/x-protobuf";
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    private static void Print(ExportTraceServiceRequest request, string by)
    {
        foreach (var of in request.ResourceSpans)
        {
            foreach (var span in of.ScopeSpans.SelectMany(scope => scope.Spans))
            {
                Print(new JsonObject
                {
                    ["signal"] = "span", ["by"] = by, ["resource"] = Attributes(of.Resource.Attributes), ["name"] = span.Name, ["kind"] = span.Kind.ToString(),
                    ["traceId"] = Hex(span.TraceId), ["spanId"] = Hex(span.SpanId), ["parentSpanId"] = Hex(span.ParentSpanId), ["traceState"] = span.TraceState, ["flags"] = span.Flags,
                    ["start"] = span.StartTimeUnixNano, ["end"] = span.EndTimeUnixNano, ["status"] = span.Status?.Code.ToString() ?? "Unset",
                    ["attributes"] = Attributes(span.Attributes), ["events"] = new JsonArray([.. span.Events.Select(one => (JsonNode)one.Name)]),
                });
            }
        }
    }

    private static void Print(ExportLogsServiceRequest request, string by)
    {
        foreach (var of in request.ResourceLogs)
        {
            foreach (var log in of.ScopeLogs.SelectMany(scope => scope.LogRecords))
            {
                Print(new JsonObject
                {
                    ["signal"] = "log", ["by"] = by, ["resource"] = Attributes(of.Resource.Attributes), ["body"] = log.Body.StringValue, ["severity"] = log.SeverityText,
                    ["traceId"] = Hex(log.TraceId), ["attributes"] = Attributes(log.Attributes),
                });
            }
        }
    }

    private static void Print(JsonObject line)
    {
        lock (Printing)
        {
            Console.WriteLine(line.ToJsonString(new JsonSerializerOptions()));
        }
    }

    private static string Hex(ByteString id) => Convert.ToHexStringLower(id.Span);

    private static JsonObject Attributes(RepeatedField<KeyValue> attributes)
    {
        var all = new JsonObject();
        foreach (var attribute in attributes)
        {
            all[attribute.Key] = attribute.Value.ValueCase == AnyValue.ValueOneofCase.IntValue
                ? attribute.Value.IntValue.ToString(CultureInfo.InvariantCulture)
                : attribute.Value.StringValue;
        }
        return all;
    }
}
