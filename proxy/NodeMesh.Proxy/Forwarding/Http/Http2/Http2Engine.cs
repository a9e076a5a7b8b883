using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NodeMesh.Proxy.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace NodeMesh.Proxy.Forwarding.Http.Http2;

/// <summary>
/// Carries requests over HTTP/2 with YARP's forwarder.
/// <list type="number">
/// <item>Have YARP send the request and copy the response, as <see cref="Attempt"/> tells it to.</item>
/// <item>Tell from what YARP reports whose fault it was if that failed.</item>
/// </list>
/// </summary>
internal sealed partial class Http2Engine(ILogger<Http2Engine> logger) : IUpstreamEngine
{
    private const int Http2RefusedStream = 7;

    private static readonly ForwarderRequestConfig Config = new()
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        ActivityTimeout = Timeout.InfiniteTimeSpan,
    };

    // Without a logger: each failure is logged here.
    private readonly IHttpForwarder _forwarder = new ServiceCollection().AddLogging().AddHttpForwarder().BuildServiceProvider().GetRequiredService<IHttpForwarder>();

    public async ValueTask<ExchangeOutcome> ExchangeAsync(HttpExchange exchange, UpstreamTarget target)
    {
        // :: Step 1: have YARP send the request and copy the response.
        var attempt = new Attempt(exchange, target);
        exchange.Response.StatusCode = (int)HttpStatusCode.OK; // Anything else means to YARP that there is an answer; an earlier attempt may have left it.
        ForwarderError error;
        try
        {
            error = await _forwarder.SendAsync(attempt.Context, target.Prefix, exchange.Connection.Pod.Invoker, Config, attempt, exchange.Ends);
        }
        catch (InvalidOperationException) when (attempt.Status != 0)
        {
            // Kestrel has been told of a longer body than came.
            return exchange.BreakOff(Reason.UpstreamReset);
        }
        if (attempt.IsDiscarded)
        {
            return ExchangeOutcome.Unanswered(attempt.Status, Reason.None);
        }
        if (error == ForwarderError.None || attempt.IsWhole)
        {
            return ExchangeOutcome.Answered(attempt.Status, attempt.GrpcStatus);
        }

        // :: Step 2: tell whose fault it was.
        var exception = attempt.Failure;
        if (exchange.Aborted.IsCancellationRequested || (error == ForwarderError.RequestBodyClient && !IsCancelled(exception)))
        {
            return exchange.DownstreamGone();
        }
        var code = StreamError(exception);
        if (attempt.Status != 0)
        {
            return exchange.BreakOff(Reason.UpstreamReset, code);
        }
        if (code is not null)
        {
            // The app itself reset this stream; its client knows what the code means, and whether to try again.
            exchange.Lease.Failed();
            return exchange.BreakOff(Reason.UpstreamReset, code);
        }
        var (status, reason) = Find<UpstreamConnectException>(exception) is { } connect ? (503, connect.Reason) : (502, Reason.UpstreamReset);
        LogFailed(logger, exchange.Connection.Downstream.Pod.Id, target.Authority, reason, exception);
        return ExchangeOutcome.Unanswered(status, reason);
    }

    // YARP blames the client when its body was being waited for as the upstream failed.
    private static bool IsCancelled(Exception? exception) =>
        exception is AggregateException { InnerExceptions: [OperationCanceledException and not ConnectionAbortedException, ..] };

    /// <summary>The code of an HTTP/2 stream reset by the upstream; null for anything that befell its whole connection.</summary>
    private static int? StreamError(Exception? exception)
    {
        if (Find<HttpProtocolException>(exception) is { } reset)
        {
            return (int)reset.ErrorCode;
        }
        // The handler tries again what the upstream refused unprocessed, but YARP does not give it the body, which has flowed past, once more:
        // it throws, or gives none of what Content-Length promises, as the handler then says in an exception of its own making.
        // The downstream, which still has the body, is told the same: refused, try again.
        return Find<InvalidOperationException>(exception) is not null || Find<HttpRequestException>(exception) is { InnerException: null, HttpRequestError: HttpRequestError.Unknown }
            ? Http2RefusedStream
            : null;
    }

    private static T? Find<T>(Exception? exception)
        where T : Exception =>
        exception is AggregateException several ? several.InnerExceptions.Select(Find<T>).FirstOrDefault(found => found is not null)
        : exception is null || exception.GetType() == typeof(T) ? (T?)exception
        : Find<T>(exception.InnerException);

    [LoggerMessage(EventName = "RequestFailed", Level = LogLevel.Debug, Message = "A request of {Pod} to {Upstream} failed: {Reason}")]
    private static partial void LogFailed(ILogger logger, string pod, string upstream, Reason reason, Exception? exception);
}
