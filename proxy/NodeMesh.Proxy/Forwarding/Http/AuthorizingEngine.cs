using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>Lets those requests alone into a pod of this node that policies allow there: whoever sent them, whatever route led there, copies too.</summary>
internal sealed class AuthorizingEngine(IUpstreamEngine next, Authorizer authorizer) : IUpstreamEngine
{
    private const int Forbidden = 403;

    public ValueTask<ExchangeOutcome> ExchangeAsync(HttpExchange exchange, UpstreamTarget target)
    {
        if (!target.EntersPod)
        {
            return next.ExchangeAsync(exchange, target);
        }
        var request = exchange.Request;
        var head = new RequestHead(request.Method, request.RawTarget, request.Headers.Host.ToString(), exchange.IsGrpc, exchange);
        return authorizer.AllowsRequest(target.Client, target.Endpoint, exchange.Connection.Home, head)
            ? EnterAsync(exchange, target)
            : new ValueTask<ExchangeOutcome>(ExchangeOutcome.Unanswered(Forbidden, Reason.Denied));
    }

    private async ValueTask<ExchangeOutcome> EnterAsync(HttpExchange exchange, UpstreamTarget target)
    {
        exchange.Connection.Enter(target);
        try
        {
            return await next.ExchangeAsync(exchange, target);
        }
        finally
        {
            exchange.Connection.Leave(target);
        }
    }
}
