using System.Globalization;
using System.Net;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using NodeMesh.Agent.Rollouts;
using NodeMesh.Agent.Serving.Console;
using Prometheus;

namespace NodeMesh.Agent.Serving;

/// <summary>What an operator asks with curl: /metrics, /healthz, /readyz, /pods, /config, /problems, /routes, /policies, /rollouts, /tap; and the page that shows all of it, /console/. Changes nothing but /log-level, and what the console may.</summary>
internal sealed class AdminServer(Func<AgentStatus> status, SnapshotPublisher publisher, ProxySessions sessions, AgentMetrics metrics, TapEndpoint taps, LogLevelEndpoint logLevel, ConsoleServer console, TimeProvider time)
{
    // Of OpenMetrics, once, at the very end.
    private const string EndOfMetrics = "# EOF\n";

    private const string Text = "text/plain; charset=utf-8";

    /// <exception cref="AgentStartException">The address is taken.</exception>
    public async Task<WebApplication> StartAsync(IPEndPoint address)
    {
        var app = EmbeddedServer.NewBuilder(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(address, listen => listen.Protocols = HttpProtocols.Http1);
        }).Build();
        var answers = new Dictionary<string, RequestDelegate>
        {
            ["metrics"] = MetricsAsync,
            ["readyz"] = ReadyAsync,
            ["pods"] = PodsAsync,
            ["config"] = ConfigAsync,
            ["problems"] = ProblemsAsync,
            ["routes"] = RoutesAsync,
            ["policies"] = PoliciesAsync,
            ["rollouts"] = RolloutsAsync,
        };
        foreach (var (name, answer) in answers)
        {
            app.Map($"/{name}", answer);
        }
        app.Map("/healthz", (RequestDelegate)(context => WriteAsync(context, StatusCodes.Status200OK, Text, "ok\n")));
        app.Map("/tap", (RequestDelegate)taps.ServeAsync);
        app.Map("/log-level", (RequestDelegate)logLevel.ServeAsync);
        // Whom the console lets in may watch.
        answers["tap"] = taps.WatchAsync;
        foreach (var (name, answer) in new PageAnswers(status, publisher, sessions, () => ScrapeAsync(ExpositionFormat.PrometheusText)).ByName)
        {
            answers[name] = answer;
        }
        console.MapTo(app, answers);
        app.Map(BackendReports.Path, (RequestDelegate)BackendsAsync);
        try
        {
            await app.StartAsync().ConfigureAwait(false);
        }
        catch (IOException e)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw new AgentStartException($"the admin address {address} can't be listened on: {e.Message}; choose another with --admin");
        }
        return app;
    }

    private async Task MetricsAsync(HttpContext context)
    {
        var isOpenMetrics = context.Request.Headers.Accept.ToString().Contains("application/openmetrics-text", StringComparison.OrdinalIgnoreCase);
        var text = await ScrapeAsync(isOpenMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText).ConfigureAwait(false);
        var type = isOpenMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8";
        await WriteAsync(context, StatusCodes.Status200OK, type, text).ConfigureAwait(false);
    }

    private async Task<string> ScrapeAsync(ExpositionFormat format)
    {
        var own = metrics.Scrape(status(), time.GetUtcNow(), format);
        var proxy = await sessions.MetricsAsync(format).ConfigureAwait(false);
        return proxy.Length == 0 ? own : own.Replace(EndOfMetrics, "", StringComparison.Ordinal) + proxy;
    }

    private Task ReadyAsync(HttpContext context)
    {
        var reasons = status().NotReady();
        return reasons.Count == 0
            ? WriteAsync(context, StatusCodes.Status200OK, Text, "ready\n")
            : WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Text, string.Join('\n', reasons) + "\n");
    }

    private Task PodsAsync(HttpContext context)
    {
        var now = status();
        return WriteJsonAsync(context, JsonSerializer.Serialize(new PodsAnswer(now.CaptureMode, now.Pods), AdminJson.Default.PodsAnswer));
    }

    private Task ProblemsAsync(HttpContext context) =>
        WriteJsonAsync(context, JsonSerializer.Serialize(status().Problems, AdminJson.Default.IReadOnlyListProblemStatus));

    private Task RoutesAsync(HttpContext context) =>
        WriteJsonAsync(context, JsonSerializer.Serialize(status().Routes, AdminJson.Default.IReadOnlyListRouteStatus));

    private Task PoliciesAsync(HttpContext context) =>
        WriteJsonAsync(context, JsonSerializer.Serialize(status().Policies, AdminJson.Default.IReadOnlyListPolicyStatus));

    private Task RolloutsAsync(HttpContext context) =>
        WriteJsonAsync(context, JsonSerializer.Serialize(status().Rollouts, AdminJson.Default.IReadOnlyListRolloutView));

    // For the agent that drives Rollouts, on whichever node it is.
    private async Task BackendsAsync(HttpContext context)
    {
        if (await sessions.BackendsAsync().ConfigureAwait(false) is not { } own)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }
        context.Response.ContentType = "application/x-protobuf";
        context.Response.Headers[BackendReports.ProxyHeader] = own.Pid.ToString(CultureInfo.InvariantCulture);
        await context.Response.Body.WriteAsync(own.Report.ToByteArray(), context.RequestAborted).ConfigureAwait(false);
    }

    private Task ConfigAsync(HttpContext context)
    {
        var (version, content) = publisher.Current;
        return WriteJsonAsync(context, ConfigJson.Write(version, sessions.Applied, content));
    }

    private static Task WriteJsonAsync(HttpContext context, string json) => WriteAsync(context, StatusCodes.Status200OK, "application/json", json + "\n");

    private static Task WriteAsync(HttpContext context, int code, string type, string body)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(body, context.RequestAborted);
    }
}
