using System.Net;
using System.Net.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http.Http2;

/// <summary>
/// Carries requests over HTTP/2.
/// <list type="number">
/// <item>Send it. Its body flows from here on by itself.</item>
/// <item>Copy the head of the response.</item>
/// <item>Copy its body and trailers.</item>
/// </list>
/// </summary>
internal sealed partial class Http2Engine(ILogger<Http2Engine> logger) : IUpstreamEngine
{
    public async ValueTask<ExchangeOutcome> ExchangeAsync(HttpExchange exchange, UpstreamTarget target)
    {
        var request = exchange.Request;
        var aborted = exchange.Aborted;
        var message = new UpstreamRequest(Method(request.Method), target, request.RawTarget)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        RequestBody? body = null;
        if (exchange.HasRequestBody)
        {
            body = new RequestBody(exchange.Feature<IRequestBodyPipeFeature>()!.Reader, request.Headers.ContentLength);
            message.Content = body;
        }
        RequestHeaders.Copy(request.Headers, message);

        // :: Step 1: send it.
        HttpResponseMessage response;
        try
        {
            response = await exchange.Connection.Pod.Invoker.SendAsync(message, exchange.Ends);
        }
        catch (Exception exception)
        {
            return await FailedBeforeResponseAsync(exchange, exception, body, target, aborted);
        }

        using (response)
        {
            return await RespondAsync(exchange, message, response, body, aborted);
        }
    }

    private static async ValueTask<ExchangeOutcome> RespondAsync(
        HttpExchange exchange, UpstreamRequest message, HttpResponseMessage response, RequestBody? body, CancellationToken aborted)
    {
        var status = (int)response.StatusCode;
        try
        {
            // :: Step 2: copy the head of the response.
            exchange.Response.StatusCode = status;
            ResponseHeaders.Copy(response, exchange.Response.Headers);
            if (!exchange.HeadHasCome())
            {
                response.Dispose();
                if (body is not null)
                {
                    await body.Finished;
                }
                return ExchangeOutcome.Unanswered(status, Reason.None);
            }

            // :: Step 3: copy its body and trailers.
            var responseBody = exchange.ResponseBody;
            if (HasBody(message.Method, status))
            {
                using var stream = await response.Content.ReadAsStreamAsync(exchange.Ends);
                // Trailers may follow a body of known length: only its end shows that they are there.
                await ResponseBody.CopyAsync(stream, responseBody.Writer, exchange.Ends);
            }
            var grpcStatus = CopyTrailers(exchange, response);
            if (body is not null && !body.Finished.IsCompleted)
            {
                // An answer before the question is whole: the downstream gets it now, and may go on sending while the upstream takes it.
                await responseBody.CompleteAsync();
                await body.Finished;
            }
            return ExchangeOutcome.Answered(status, grpcStatus);
        }
        catch (Exception exception)
        {
            return aborted.IsCancellationRequested || body is { DownstreamFailed: true }
                ? exchange.DownstreamGone()
                : exchange.BreakOff(Reason.UpstreamReset, StreamError(exception));
        }
    }

    private async ValueTask<ExchangeOutcome> FailedBeforeResponseAsync(
        HttpExchange exchange, Exception exception, RequestBody? body, UpstreamTarget target, CancellationToken aborted)
    {
        if (body is not null)
        {
            await body.Finished; // Kestrel's reader must be idle before it is given back.
        }
        if (aborted.IsCancellationRequested || body is { DownstreamFailed: true })
        {
            return exchange.DownstreamGone();
        }
        if (StreamError(exception) is { } code)
        {
            // The app itself reset this stream; its client knows what the code means, and whether to try again.
            exchange.Lease.Failed();
            return exchange.BreakOff(Reason.UpstreamReset, code);
        }
        var (status, reason) = IsConnectFailure(exception) ? (503, Reason.UpstreamConnect) : (502, Reason.UpstreamReset);
        LogFailed(logger, exchange.Connection.Downstream.Pod.Id, target.Authority, reason, exception);
        return ExchangeOutcome.Unanswered(status, reason);
    }

    private static string? CopyTrailers(HttpExchange exchange, HttpResponseMessage response)
    {
        var from = response.TrailingHeaders.NonValidated;
        if (from.Count > 0 && exchange.Feature<IHttpResponseTrailersFeature>() is { Trailers: { IsReadOnly: false } to })
        {
            foreach (var (name, values) in from)
            {
                to[name] = ResponseHeaders.ToStringValues(values);
            }
        }
        if (!exchange.IsGrpc)
        {
            return null;
        }
        // A call that failed at once has its status in the head.
        return from.TryGetValues(GrpcAnswer.StatusHeader, out var status) || response.Headers.NonValidated.TryGetValues(GrpcAnswer.StatusHeader, out status)
            ? status.ToString()
            : TrafficLabels.Unknown;
    }

    private static bool HasBody(HttpMethod method, int status) =>
        !ReferenceEquals(method, HttpMethod.Head) && status is not (204 or 304);

    private static HttpMethod Method(string method) => method switch
    {
        "GET" => HttpMethod.Get,
        "POST" => HttpMethod.Post,
        "PUT" => HttpMethod.Put,
        "HEAD" => HttpMethod.Head,
        "DELETE" => HttpMethod.Delete,
        "PATCH" => HttpMethod.Patch,
        "OPTIONS" => HttpMethod.Options,
        _ => new HttpMethod(method),
    };

    private static bool IsConnectFailure(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is UpstreamConnectException)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The code of an HTTP/2 stream reset by the upstream; null for anything that befell its whole connection.</summary>
    private static int? StreamError(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException protocol)
            {
                return (int)protocol.ErrorCode;
            }
        }
        return null;
    }

    [LoggerMessage(EventName = "RequestFailed", Level = LogLevel.Debug, Message = "A request of {Pod} to {Upstream} failed: {Reason}")]
    private static partial void LogFailed(ILogger logger, string pod, string upstream, Reason reason, Exception exception);
}
