using Microsoft.AspNetCore.Http.Features;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Sends copies of requests. The request itself never waits for one: a copy leaves once all of the body has come, its answer is thrown away,
/// and when there are too many under way, or the body is too long, there is none.
/// </summary>
internal sealed class MirrorSender(IUpstreamEngine http1, IUpstreamEngine http2, TimeProvider time, ProxyMetrics metrics)
{
    private const int MaxUnderWay = 512;
    private const int MaxBody = 1024 * 1024;

    // Whoever answers no sooner must not keep what a copy holds.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private int _underWay;

    /// <summary>Sends those copies that filters want and chance chooses, of the request as it is now.</summary>
    public void Send(RoutedRequest request, IReadOnlyList<RouteFilter> filters)
    {
        List<RequestDecision>? decisions = null;
        foreach (var filter in filters)
        {
            if (filter.Mirror is { } mirror && request.Exchange.Connection.Router.PickMirror(request.Choice, request.Head, mirror) is { Endpoint: not null } copy)
            {
                (decisions ??= []).Add(copy with { IsHttp2 = copy.IsHttp2 && !request.Exchange.IsUpgrade });
            }
        }
        if (decisions is null)
        {
            return;
        }
        var exchange = request.Exchange;
        var message = CopyFeatures.Of(exchange.Request);
        var connection = exchange.Connection;
        if (!exchange.HasRequestBody)
        {
            Send(connection, message, decisions, request.Rule.Route, null);
            return;
        }
        request.KeepBody(MaxBody, body =>
        {
            // What the body's owner keeps may be overwritten by its next request.
            Send(connection, message, decisions, request.Rule.Route, body.ToArray());
        });
    }

    private void Send(HttpConnection connection, HttpRequestFeature request, List<RequestDecision> decisions, string route, byte[]? body)
    {
        foreach (var decision in decisions)
        {
            if (Interlocked.Increment(ref _underWay) > MaxUnderWay)
            {
                Interlocked.Decrement(ref _underWay);
                metrics.Mirrored(route, "dropped");
                continue;
            }
            _ = SendAsync(connection, request, decision, route, body);
        }
    }

    private async Task SendAsync(HttpConnection source, HttpRequestFeature request, RequestDecision decision, string route, byte[]? body)
    {
        var endpoint = decision.Endpoint!;
        if (!EndpointLease.TryBegin(endpoint.Load, time, isRequest: true, holdsConnection: !decision.IsHttp2, out var lease))
        {
            Interlocked.Decrement(ref _underWay);
            metrics.Mirrored(route, "dropped");
            return;
        }
        try
        {
            // The request it was copied from must not wait for the copy's dial.
            await Task.Yield();
            var connection = source.ForCopy();
            using var limit = new CancellationTokenSource(Limit, time);
            var exchange = new HttpExchange(new CopyFeatures(request, body, Stream.Null, limit.Token).Collection, connection) { Lease = lease, CopyLimit = limit.Token };
            var outcome = await (decision.IsHttp2 ? http2 : http1).ExchangeAsync(exchange, connection.Pod.TargetFor(endpoint, connection.Downstream));
            metrics.Mirrored(route, outcome.Reason == Reason.None ? "answered" : "failed");
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A copy's failure is nobody's: it is counted, and that is all.
            metrics.Mirrored(route, "failed");
        }
        finally
        {
            lease.End();
            Interlocked.Decrement(ref _underWay);
        }
    }
}
