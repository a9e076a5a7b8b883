using Microsoft.AspNetCore.Http;

namespace NodeMesh.Agent.Serving.Console;

/// <summary>api/prometheus: a query that the page has for the Prometheus which scrapes all nodes, and its answer as it is.</summary>
internal sealed class PrometheusEndpoint(Uri server)
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = TimeSpan.FromSeconds(20) };

    public async Task ServeAsync(HttpContext context)
    {
        // Nothing but instant queries: this is no way into the rest of its API.
        var address = new Uri($"{server.AbsoluteUri.TrimEnd('/')}/api/v1/query?query={Uri.EscapeDataString(context.Request.Query["query"].ToString())}");
        try
        {
            using var question = new HttpRequestMessage(HttpMethod.Get, address);
            // What it packs is unpacked by the browser.
            question.Headers.TryAddWithoutValidation("Accept-Encoding", context.Request.Headers.AcceptEncoding.ToString());
            using var answer = await Http.SendAsync(question, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted).ConfigureAwait(false);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = "application/json";
            context.Response.Headers.ContentEncoding = answer.Content.Headers.ContentEncoding.ToArray();
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !context.RequestAborted.IsCancellationRequested))
        {
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = StatusCodes.Status502BadGateway;
                context.Response.ContentType = "text/plain; charset=utf-8";
                await context.Response.WriteAsync($"the Prometheus at {server} does not answer: {e.Message}\n", context.RequestAborted).ConfigureAwait(false);
            }
        }
    }
}
