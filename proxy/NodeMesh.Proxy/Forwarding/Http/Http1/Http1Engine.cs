using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http.Http1;

/// <summary>
/// Carries requests over HTTP/1.1, with the response read while the request is still being sent.
/// <list type="number">
/// <item>Take a kept connection, or open one.</item>
/// <item>Send the head, and what there is of the body, in one packet. The rest of the body flows from here on by itself.</item>
/// <item>Read heads until the final one; the others (1xx) pass at once.</item>
/// <item>Copy the response, or become a tunnel.</item>
/// <item>Keep the connection, if both messages ended where both sides see their end.</item>
/// </list>
/// </summary>
internal sealed partial class Http1Engine(TimeProvider time, ILogger<Http1Engine> logger) : IUpstreamEngine
{
    // A server that knows nothing of 100 (Continue): HttpClient, curl and others wait this long for it, too.
    private static readonly TimeSpan ContinueTimeout = TimeSpan.FromSeconds(1);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ExchangeOutcome> ExchangeAsync(HttpExchange exchange, UpstreamTarget target)
    {
        if (exchange.Request.Headers.ContainsKey(MessageFields.DiscardedLength) && exchange.Request.Headers.TransferEncoding.Count > 0)
        {
            // Two lengths: whoever sent it wants us and the upstream to disagree about where the request ends.
            return ExchangeOutcome.Unanswered(400, Reason.ProtocolError);
        }

        // :: Step 1: take a kept connection, or open one.
        var pool = exchange.Connection.Pod.Http1.For(target);
        var connection = pool.Take();
        while (true)
        {
            try
            {
                connection ??= await pool.ConnectAsync(target, exchange.Ends);
            }
            catch (OperationCanceledException)
            {
                pool.Done();
                return exchange.IsGone ? exchange.DownstreamGone() : ExchangeOutcome.Unanswered(504, Reason.UpstreamConnect);
            }
            catch (UpstreamConnectException exception)
            {
                pool.Done();
                LogFailed(logger, exchange.Connection.Downstream.Pod.Id, target.Authority, exception.Reason, exception);
                return ExchangeOutcome.Unanswered(503, exception.Reason);
            }

            connection.Begin();
            exchange.Connection.Attach(connection);
            var limit = exchange.HasLimit ? exchange.Ends.UnsafeRegister(static connection => ((Http1Connection)connection!).Abort(), connection) : default;
            var (outcome, isKept, isOver) = (default(ExchangeOutcome), false, false);
            try
            {
                (outcome, isKept) = await ExchangeAsync(exchange, target, connection);
                isOver = true;
            }
            finally
            {
                limit.Dispose();
                // Past this nobody aborts it any more; if somebody has, it is not to be kept.
                isKept &= exchange.Connection.Detach(connection) && !(exchange.HasLimit && exchange.Ends.IsCancellationRequested);
                connection.End();
                if (!isKept)
                {
                    connection.Dispose();
                }
                if (!isOver)
                {
                    pool.Done(); // it threw: nobody else will say so
                }
            }
            if (isKept)
            {
                pool.Keep(connection);
                return outcome;
            }
            if (!outcome.HasAnswer && outcome.Reason == Reason.UpstreamReset && MayTryAgain(exchange, connection))
            {
                connection = null; // a new one: others that were kept may be closed as well
                continue;
            }
            pool.Done();
            if (outcome.Reason != Reason.None)
            {
                LogFailed(logger, exchange.Connection.Downstream.Pod.Id, target.Authority, outcome.Reason, null);
            }
            return outcome;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<(ExchangeOutcome Outcome, bool IsKept)> ExchangeAsync(HttpExchange exchange, UpstreamTarget target, Http1Connection connection)
    {
        var request = exchange.Request;
        var body = connection.Body;
        var upgrade = exchange.Feature<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };
        var hasBody = exchange.HasRequestBody && !upgrade;
        var isChunked = hasBody && request.Headers.ContentLength is null;
        body.Reset(
            hasBody ? exchange.Feature<IRequestBodyPipeFeature>()!.Reader : null,
            isChunked,
            isChunked ? exchange.Feature<IHttpRequestTrailersFeature>() : null);
        Task? sending = null;
        TaskCompletionSource<bool>? continued = null;
        try
        {
            // :: Step 2: send the head, and what there is of the body.
            RequestHead.Write(connection, request.Method, request.RawTarget, request.Headers, target.Authority, upgrade);
            if (hasBody && ExpectsContinue(request.Headers))
            {
                await connection.SendAsync();
                continued = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
                sending = SendWhenWantedAsync(body, continued.Task);
            }
            else
            {
                body.AddWhatIsThere();
                if (body.DownstreamFailure is not null)
                {
                    return (Failed(exchange, body, Reason.DownstreamReset), false);
                }
                await TrySendAsync(connection);
                if (!body.IsSent)
                {
                    sending = body.SendAsync();
                }
                else if (!upgrade) // else a tunnel may follow, whose bytes come before the end
                {
                    connection.RequestIsSent();
                }
            }

            // :: Step 3: read heads until the final one.
            var failure = await ReadHeadsAsync(exchange, connection, upgrade, continued);
            var head = connection.Head;
            continued?.TrySetResult(failure == Reason.None && head.KeepsConnection && head.Status < 300);
            if (failure != Reason.None)
            {
                await StopAsync(connection, sending);
                return (Failed(exchange, body, failure), false);
            }

            // :: Step 4: copy the response, or become a tunnel.
            if (head.Status == StatusCodes.Status101SwitchingProtocols)
            {
                ResponseCopy.Head(head, exchange, BodyLength.None, isTunnel: true);
                await UpgradeTunnel.RunAsync(exchange, connection);
                return (ExchangeOutcome.Answered(head.Status), false);
            }
            var length = head.BodyLength(HttpMethods.IsHead(request.Method));
            if (!ResponseCopy.Head(head, exchange, length, isTunnel: false))
            {
                await StopAsync(connection, sending);
                return (ExchangeOutcome.Unanswered(head.Status, Reason.None), false);
            }
            var endsConnection = !head.KeepsConnection || length == BodyLength.UntilClose;
            if (endsConnection && !body.IsSent)
            {
                exchange.Response.Headers.Connection = "close"; // the client need not go on sending what nobody reads
            }
            if (!await ResponseCopy.BodyAsync(connection, exchange, length))
            {
                await StopAsync(connection, sending);
                return (MayBeGone(exchange) ? exchange.DownstreamGone() : exchange.BreakOff(Reason.UpstreamReset), false);
            }
            if (sending is not null)
            {
                if (!body.IsSent)
                {
                    // An answer before the question is whole: the downstream has it now, and may go on sending while the upstream takes it.
                    await exchange.ResponseBody.CompleteAsync();
                }
                if (endsConnection)
                {
                    await StopAsync(connection, sending);
                }
                else
                {
                    await sending;
                }
            }

            // :: Step 5: keep the connection, if both messages ended where both sides see their end.
            return (ExchangeOutcome.Answered(head.Status), !endsConnection && body.IsSent && connection.Unread.IsEmpty);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException or OperationCanceledException)
        {
            // Of the body of the response, or of a tunnel: before that nothing throws.
            await StopAsync(connection, sending);
            return (MayBeGone(exchange) ? exchange.DownstreamGone() : exchange.BreakOff(Reason.UpstreamReset), false);
        }
        catch
        {
            await StopAsync(connection, sending);
            throw;
        }
    }

    /// <returns><see cref="Reason.None"/>: the final head is there.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<Reason> ReadHeadsAsync(HttpExchange exchange, Http1Connection connection, bool upgrade, TaskCompletionSource<bool>? continued)
    {
        var head = connection.Head;
        while (true)
        {
            ParseStatus parsed;
            int consumed;
            while ((parsed = head.Parse(connection.Unread, out consumed)) == ParseStatus.Incomplete)
            {
                try
                {
                    if (!await connection.FillAsync())
                    {
                        return Reason.UpstreamReset;
                    }
                }
                catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
                {
                    return Reason.UpstreamReset;
                }
            }
            if (parsed == ParseStatus.Malformed)
            {
                return Reason.ProtocolError;
            }
            connection.Consume(consumed);
            if (head.Status >= 200)
            {
                return Reason.None;
            }
            if (head.Status == StatusCodes.Status101SwitchingProtocols)
            {
                return upgrade ? Reason.None : Reason.ProtocolError;
            }
            if (head.Status == StatusCodes.Status100Continue && continued is not null)
            {
                continued.TrySetResult(true); // Kestrel says it to the client as soon as its body is wanted
            }
            else if (exchange.Request.Protocol == "HTTP/1.1")
            {
                await exchange.Connection.InformAsync(head); // RFC 9110 section 15.2: never to HTTP/1.0
            }
            head.Reset();
        }
    }

    private static ExchangeOutcome Failed(HttpExchange exchange, RequestBodySender body, Reason reason) =>
        body.DownstreamFailure is BadHttpRequestException { StatusCode: var status } && !exchange.Connection.IsHalfClosed ? ExchangeOutcome.Unanswered(status, Reason.ProtocolError)
        : body.DownstreamFailure is not null || MayBeGone(exchange) ? exchange.DownstreamGone()
        : ExchangeOutcome.Unanswered(502, reason);

    // An upstream that saw the client's FIN may have given up for that reason.
    private static bool MayBeGone(HttpExchange exchange) => exchange.IsGone || exchange.Connection.IsHalfClosed;

    // The server may just have been closing it; then it has not seen the request, and another one will do (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1).
    private static bool MayTryAgain(HttpExchange exchange, Http1Connection connection) =>
        connection is { IsReused: true, HasAnswered: false, Body.HasBegun: false }
        && !(exchange.HasLimit && exchange.Ends.IsCancellationRequested)
        && exchange.Request.Method is "GET" or "HEAD" or "OPTIONS" or "TRACE" or "PUT" or "DELETE";

    // If the upstream takes no more it may have answered already, and that is what counts.
    private static async ValueTask TrySendAsync(Http1Connection connection)
    {
        try
        {
            await connection.SendAsync();
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Reading will tell.
        }
    }

    private async Task SendWhenWantedAsync(RequestBodySender body, Task<bool> continued)
    {
        using var over = new CancellationTokenSource();
        await Task.WhenAny(continued, Task.Delay(ContinueTimeout, time, over.Token));
        await over.CancelAsync();
        if (!continued.IsCompleted || await continued)
        {
            await body.SendAsync();
        }
    }

    private static async ValueTask StopAsync(Http1Connection connection, Task? sending)
    {
        if (sending is null)
        {
            return;
        }
        connection.Body.Stop();
        connection.Abort();
        await sending;
    }

    private static bool ExpectsContinue(IHeaderDictionary headers) =>
        headers.Expect.Count > 0 && headers.Expect.ToString().Contains("100-continue", StringComparison.OrdinalIgnoreCase);

    [LoggerMessage(EventName = "RequestFailed", Level = LogLevel.Debug, Message = "A request of {Pod} to {Upstream} failed: {Reason}")]
    private static partial void LogFailed(ILogger logger, string pod, string upstream, Reason reason, Exception? exception);
}
