using NodeMesh.Contract;
using NodeMesh.Proxy.Routing;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>What a route has the mesh answer itself, without an upstream.</summary>
internal static class OwnAnswer
{
    private const int NoContent = 204;

    /// <summary>A browser asks before it sends the request, and has no credentials yet.</summary>
    public static bool IsPreflight(in RouteChoice choice, in RequestHead head) => choice.Rule!.Cors is not null && CorsPolicy.IsPreflight(head);

    /// <returns>The status; null: the request is to be forwarded.</returns>
    public static int? Write(HttpExchange exchange, in RouteChoice choice, in RequestHead head)
    {
        var rule = choice.Rule!;
        if (rule.Cors is { } cors && CorsPolicy.IsPreflight(head))
        {
            return Preflight(exchange, cors, rule.Rule.Filters, head);
        }
        return rule.Redirect is { } redirect ? Redirect(exchange, redirect, rule.Rule.Filters, choice, head) : null;
    }

    public static int Preflight(HttpExchange exchange, Cors cors, IReadOnlyList<RouteFilter> filters, in RequestHead head)
    {
        exchange.Response.StatusCode = NoContent;
        foreach (var (name, value) in CorsPolicy.Preflight(cors, head))
        {
            exchange.Response.Headers[name] = value;
        }
        HeaderChanges.ApplyToResponse(filters, exchange.Response.Headers);
        return NoContent;
    }

    public static int Redirect(HttpExchange exchange, Redirect redirect, IReadOnlyList<RouteFilter> filters, in RouteChoice choice, in RequestHead head)
    {
        var response = exchange.Response;
        response.StatusCode = (int)redirect.Status;
        response.Headers.Location = RedirectLocation.Of(redirect, head, choice.Match!.PrefixLength, exchange.Connection.Downstream.OriginalDestination.Port);
        response.Headers.ContentLength = 0;
        HeaderChanges.ApplyToResponse(filters, response.Headers);
        return response.StatusCode;
    }
}
