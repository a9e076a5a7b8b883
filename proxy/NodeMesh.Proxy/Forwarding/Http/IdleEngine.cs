using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Ends exchanges in which nothing passes for longer than a TrafficPolicy allows. Of an HTTP/2 connection what passes on any stream counts.</summary>
internal sealed class IdleEngine(IUpstreamEngine next, TimeProvider time) : IUpstreamEngine
{
    public ValueTask<ExchangeOutcome> ExchangeAsync(HttpExchange exchange, UpstreamTarget target) =>
        target.Traffic?.IdleMilliseconds is { } milliseconds
            ? WatchAsync(exchange, target, TimeSpan.FromMilliseconds(milliseconds))
            : next.ExchangeAsync(exchange, target);

    private async ValueTask<ExchangeOutcome> WatchAsync(HttpExchange exchange, UpstreamTarget target, TimeSpan limit)
    {
        using var watch = new IdleWatch(exchange.Connection, limit, time, exchange.Ends);
        exchange.Idle = watch;
        try
        {
            var outcome = await next.ExchangeAsync(exchange, target);
            // Whether the downstream is gone by now says nothing: breaking the response off has closed it.
            if (!watch.HasElapsed || outcome.Reason is Reason.None or Reason.DownstreamReset)
            {
                return outcome;
            }
            exchange.Record?.DecidedBy("TrafficPolicy", target.Traffic?.Rules?.Policy ?? "");
            return outcome.HasAnswer ? outcome with { Reason = Reason.TimeoutIdle }
                : ExchangeOutcome.Unanswered(Reason.TimeoutIdle.HttpStatus(), Reason.TimeoutIdle);
        }
        finally
        {
            exchange.Idle = null;
        }
    }
}
