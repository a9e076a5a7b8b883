using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Lets those requests alone into a pod of this node that policies allow there: whoever sent them, whatever route led there, copies too; and those
/// alone out of the mesh that policies let out.
/// </summary>
internal sealed class AuthorizingEngine(IUpstreamEngine next, ConnectionGuard guard) : IUpstreamEngine
{
    private const int Forbidden = 403;

    public ValueTask<ExchangeOutcome> ExchangeAsync(HttpExchange exchange, UpstreamTarget target)
    {
        if (!target.EntersPod)
        {
            return exchange.Connection.Downstream.Route.IsClusterIp ? next.ExchangeAsync(exchange, target) : LeaveAsync(exchange, target);
        }
        var request = exchange.Request;
        var head = new RequestHead(request.Method, request.RawTarget, request.Headers.Host.ToString(), exchange.IsGrpc, exchange);
        return guard.Authorizer.AllowsRequest(target.Client, target.Endpoint, exchange.Connection.Downstream.Home, head, exchange.Record)
            ? GuardedAsync(exchange, target, null)
            : Denied();
    }

    private ValueTask<ExchangeOutcome> LeaveAsync(HttpExchange exchange, UpstreamTarget target)
    {
        var pod = exchange.Connection.Downstream.Pod;
        var authority = exchange.Request.Headers.Host.ToString();
        return guard.Egress.Allows(pod.Id, pod.Namespace, target.Endpoint, authority, isFinal: true, exchange.Record) ? GuardedAsync(exchange, target, authority) : Denied();
    }

    private static ValueTask<ExchangeOutcome> Denied() => new(ExchangeOutcome.Unanswered(Forbidden, Reason.Denied));

    private async ValueTask<ExchangeOutcome> GuardedAsync(HttpExchange exchange, UpstreamTarget target, string? authority)
    {
        exchange.Connection.UnderWay.Enter(target, authority);
        try
        {
            return await next.ExchangeAsync(exchange, target);
        }
        finally
        {
            exchange.Connection.UnderWay.Leave(target, authority);
        }
    }
}
