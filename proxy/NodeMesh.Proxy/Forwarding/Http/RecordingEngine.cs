using NodeMesh.Proxy.Telemetry.Tracing;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Notes each attempt where a record is kept of the request, and has it say which trace it is part of.</summary>
internal sealed class RecordingEngine(IUpstreamEngine next) : IUpstreamEngine
{
    public ValueTask<ExchangeOutcome> ExchangeAsync(HttpExchange exchange, UpstreamTarget target)
    {
        exchange.Record?.AttemptBegins(target.Endpoint);
        if (exchange.Trace is { } trace)
        {
            var headers = exchange.Request.Headers;
            headers[TraceParent.Header] = trace.HeaderFor(target.EntersPod);
            if (trace.State.Length == 0)
            {
                headers.Remove(TraceParent.StateHeader); // of a trace that could not be made out, or of none
            }
        }
        return next.ExchangeAsync(exchange, target);
    }
}
