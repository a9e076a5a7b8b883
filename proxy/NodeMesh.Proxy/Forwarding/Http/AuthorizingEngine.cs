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
            return MayLeave(exchange, target) ? next.ExchangeAsync(exchange, target) : Denied();
        }
        var request = exchange.Request;
        var head = new RequestHead(request.Method, request.RawTarget, request.Headers.Host.ToString(), exchange.IsGrpc, exchange);
        return guard.Authorizer.AllowsRequest(target.Client, target.Endpoint, exchange.Connection.Home, head)
            ? EnterAsync(exchange, target)
            : Denied();
    }

    private bool MayLeave(HttpExchange exchange, UpstreamTarget target)
    {
        var downstream = exchange.Connection.Downstream;
        return downstream.Route.IsClusterIp
            || guard.Egress.Allows(downstream.Pod.Id, downstream.Pod.Namespace, target.Endpoint, HostOf(exchange.Request.Headers.Host.ToString()), isFinal: true);
    }

    private static string? HostOf(string authority)
    {
        var port = authority.LastIndexOf(':');
        return authority.Length == 0 ? null : port > authority.LastIndexOf(']') ? authority[..port] : authority;
    }

    private static ValueTask<ExchangeOutcome> Denied() => new(ExchangeOutcome.Unanswered(Forbidden, Reason.Denied));

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
