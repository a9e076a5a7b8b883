using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Takes one request from the downstream to an upstream and its response back, changing neither but for what RFC 9110 demands of a proxy.
/// <list type="number">
/// <item>Decide where it goes.</item>
/// <item>Send it. Its body flows from here on by itself.</item>
/// <item>Copy the head of the response.</item>
/// <item>Copy its body, or become a tunnel after an upgrade.</item>
/// <item>Copy its trailers, and finish it.</item>
/// <item>Account for it.</item>
/// </list>
/// </summary>
internal sealed partial class HttpForwarder(TimeProvider time, ILogger<HttpForwarder> logger)
{
    public async Task ForwardAsync(HttpExchange exchange)
    {
        var connection = exchange.Connection;
        var request = exchange.Request;
        var isGrpc = connection.Http2 && GrpcAnswer.IsGrpc(request.Headers.ContentType);
        var protocol = isGrpc ? TrafficProtocol.Grpc : connection.Http2 ? TrafficProtocol.Http2 : TrafficProtocol.Http1;

        // :: Step 1: decide where it goes.
        var decision = connection.Router.Decide(new RequestHead(request.Method, request.RawTarget, request.Headers.Host.ToString(), isGrpc));
        if (decision.Address is null)
        {
            MeshAnswer.Write(exchange, isGrpc, 503, decision.Refusal);
            connection.RequestSeriesFor(null, TrafficDirection.Outbound, protocol).Done(isGrpc ? 200 : 503, isGrpc ? GrpcStatusCode.Unavailable : null, decision.Refusal, TimeSpan.Zero);
            return;
        }

        var target = connection.TargetFor(decision);
        var lease = EndpointLease.Begin(decision.Endpoint?.Load, time);
        connection.RequestBegins();
        var outcome = default(Outcome);
        try
        {
            outcome = await ExchangeAsync(exchange, target, isGrpc, lease);
        }
        finally
        {
            // :: Step 6: account for it.
            lease.End();
            connection.RequestEnds();
            connection.RequestSeriesFor(decision.Endpoint, target.Direction, protocol).Done(outcome.Status, isGrpc ? outcome.GrpcStatus ?? "" : null, outcome.Reason, lease.Elapsed);
        }
    }

    private async ValueTask<Outcome> ExchangeAsync(HttpExchange exchange, UpstreamTarget target, bool isGrpc, EndpointLease lease)
    {
        var connection = exchange.Connection;
        var request = exchange.Request;
        if (!request.RawTarget.StartsWith('/'))
        {
            // "*", an absolute URI or an authority: meant for a forward proxy, or for the server as a whole. Detection passes
            // connections that begin with one on as bytes; this one began otherwise.
            MeshAnswer.Write(exchange, isGrpc, 400, Reason.ProtocolError);
            return new Outcome(400, null, Reason.ProtocolError);
        }

        var aborted = exchange.Aborted;
        var upgrade = exchange.Feature<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
        var message = new UpstreamRequest(Method(request.Method), target, request.RawTarget)
        {
            Version = connection.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        RequestBody? body = null;
        if (exchange.HasRequestBody && !upgrade)
        {
            body = new RequestBody(exchange.Feature<IRequestBodyPipeFeature>()!.Reader, request.Headers.ContentLength);
            message.Content = body;
        }
        RequestHeaders.Copy(request.Headers, message, upgrade);

        // :: Step 2: send it.
        HttpResponseMessage response;
        try
        {
            response = await connection.Pod.Invoker.SendAsync(message, aborted);
        }
        catch (Exception exception)
        {
            return await FailedBeforeResponseAsync(exchange, exception, body, target, isGrpc, lease, aborted);
        }
        lease.Answered();

        using (response)
        {
            return await RespondAsync(exchange, message, response, body, isGrpc, aborted);
        }
    }

    private async ValueTask<Outcome> RespondAsync(
        HttpExchange exchange, UpstreamRequest message, HttpResponseMessage response, RequestBody? body, bool isGrpc, CancellationToken aborted)
    {
        var status = (int)response.StatusCode;
        string? grpcStatus = null;
        try
        {
            // :: Step 3: copy the head of the response.
            var head = exchange.Response;
            var switching = status == StatusSwitchingProtocols;
            head.StatusCode = status;
            if (!exchange.Connection.Http2)
            {
                head.ReasonPhrase = response.ReasonPhrase;
            }
            ResponseHeaders.Copy(response, head.Headers, switching);
            if (exchange.Connection.IsClosing && !switching)
            {
                head.Headers.Connection = "close";
            }

            // :: Step 4: copy its body, or become a tunnel.
            if (switching)
            {
                await UpgradeTunnel.RunAsync(exchange, response, aborted);
                return new Outcome(status, null, Reason.None);
            }
            var responseBody = exchange.ResponseBody;
            if (HasBody(message.Method, status))
            {
                using var stream = await response.Content.ReadAsStreamAsync(aborted);
                // In HTTP/2 trailers may follow a body of known length: only its end shows that they are there.
                var length = exchange.Connection.Http2 ? null : head.Headers.ContentLength;
                await ResponseBody.CopyAsync(stream, responseBody.Writer, length, aborted);
            }

            // :: Step 5: copy its trailers, and finish it.
            grpcStatus = CopyTrailers(exchange, response, isGrpc);
            if (body is not null && !body.Finished.IsCompleted)
            {
                // An answer before the question is whole: the downstream gets it now, and may go on sending while the upstream takes it.
                await responseBody.CompleteAsync();
                await body.Finished;
            }
            return new Outcome(status, grpcStatus, Reason.None);
        }
        catch (Exception exception)
        {
            return Broken(exchange, exception, body, aborted);
        }
    }

    private async ValueTask<Outcome> FailedBeforeResponseAsync(
        HttpExchange exchange, Exception exception, RequestBody? body, UpstreamTarget target, bool isGrpc, EndpointLease lease, CancellationToken aborted)
    {
        if (body is not null)
        {
            await body.Finished; // Kestrel's reader must be idle before it is given back.
        }
        if (aborted.IsCancellationRequested || body is { DownstreamFailed: true })
        {
            return DownstreamGone(exchange);
        }

        lease.Failed();
        if (StreamError(exception) is { } code)
        {
            // The app itself reset this stream; its client knows what the code means, and whether to try again.
            exchange.Abort(code);
            return new Outcome(0, null, Reason.UpstreamReset);
        }

        var (status, reason) = IsConnectFailure(exception) ? (503, Reason.UpstreamConnect) : (502, Reason.UpstreamReset);
        LogFailed(logger, exchange.Connection.Downstream.Pod.Id, target.Authority, reason, exception);
        MeshAnswer.Write(exchange, isGrpc, status, reason);
        return new Outcome(isGrpc ? 200 : status, isGrpc ? GrpcStatusCode.Unavailable : null, reason);
    }

    /// <summary>The response broke off: so must the downstream's, lest it take a part for the whole.</summary>
    private static Outcome Broken(HttpExchange exchange, Exception exception, RequestBody? body, CancellationToken aborted)
    {
        if (aborted.IsCancellationRequested || body is { DownstreamFailed: true })
        {
            return DownstreamGone(exchange);
        }
        exchange.Connection.BecauseOf(exchange.Connection.Http2 ? Reason.None : Reason.UpstreamReset);
        exchange.Abort(StreamError(exception) ?? Http2InternalError);
        return new Outcome(0, null, Reason.UpstreamReset);
    }

    private static Outcome DownstreamGone(HttpExchange exchange)
    {
        exchange.Connection.BecauseOf(exchange.Connection.Http2 ? Reason.None : Reason.DownstreamReset);
        exchange.Abort(Http2Cancel);
        return new Outcome(0, null, Reason.DownstreamReset);
    }

    private static string? CopyTrailers(HttpExchange exchange, HttpResponseMessage response, bool isGrpc)
    {
        var from = response.TrailingHeaders.NonValidated;
        if (from.Count > 0 && exchange.Feature<IHttpResponseTrailersFeature>() is { Trailers: { IsReadOnly: false } to })
        {
            foreach (var (name, values) in from)
            {
                to[name] = ResponseHeaders.ToStringValues(values);
            }
        }
        if (!isGrpc)
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

    private const int StatusSwitchingProtocols = 101;
    private const int Http2InternalError = 2;
    private const int Http2Cancel = 8;

    /// <param name="Status">What the downstream got; 0: not a whole response.</param>
    private readonly record struct Outcome(int Status, string? GrpcStatus, Reason Reason);

    [LoggerMessage(EventName = "RequestFailed", Level = LogLevel.Debug, Message = "A request of {Pod} to {Upstream} failed: {Reason}")]
    private static partial void LogFailed(ILogger logger, string pod, string upstream, Reason reason, Exception exception);
}
