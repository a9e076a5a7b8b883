namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Notes each attempt where a record is kept of the request.</summary>
internal sealed class RecordingEngine(IUpstreamEngine next) : IUpstreamEngine
{
    public ValueTask<ExchangeOutcome> ExchangeAsync(HttpExchange exchange, UpstreamTarget target)
    {
        exchange.Record?.AttemptBegins(target.Endpoint);
        return next.ExchangeAsync(exchange, target);
    }
}
