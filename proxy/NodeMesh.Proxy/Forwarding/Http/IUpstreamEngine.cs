namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Carries one request to an upstream and its response back, unchanged but for what RFC 9110 demands of a proxy. It decides nothing: the request is
/// as <see cref="HttpExchange.Request"/> has it, and <see cref="HttpExchange.HeadHasCome"/> sees each response before the downstream does.
/// </summary>
internal interface IUpstreamEngine
{
    /// <returns>Completes when the exchange is over, and never with an exception that is the fault of either side.</returns>
    ValueTask<ExchangeOutcome> ExchangeAsync(HttpExchange exchange, UpstreamTarget target);
}
