using System.Net;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Forwarding.Http.Http2;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;

namespace NodeMesh.Proxy.Forwarding.Http.Services;

/// <summary>
/// Asks a Service about a request on behalf of the pod that sent it: over connections of that pod, to an endpoint balanced as any, if policies let the
/// pod reach it. Nothing of this touches a request that nobody wants to ask about.
/// </summary>
internal sealed class ServiceCaller(ConnectionGuard guard, TimeProvider time)
{
    /// <param name="request">Its URI is set here.</param>
    /// <param name="path">With the query, not to be touched.</param>
    /// <exception cref="ServiceCallException">No answer.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpExchange exchange, RouteChoice choice, BackendPort service, HttpRequestMessage request, string path, CancellationToken limit)
    {
        var connection = exchange.Connection;
        var client = connection.Downstream.Client.Address;
        if (connection.Router.PickService(choice.Snapshot, service) is not { } endpoint)
        {
            throw new ServiceCallException($"{service.Service}:{service.Port} has no endpoint");
        }
        var target = connection.Pod.TargetFor(endpoint, connection.Downstream);
        if (target.EntersPod && !guard.Authorizer.AllowsRequest(client, target.Endpoint, null, new RequestHead(request.Method.Method, path, "", IsGrpc: request.Version == HttpVersion.Version20)))
        {
            throw new ServiceCallException($"policies don't let {connection.Downstream.Pod.Id} reach {service.Service}:{service.Port}");
        }
        Attempt.Address(request, target, path);
        var lease = EndpointLease.Begin(endpoint.Load, time);
        try
        {
            var response = await connection.Pod.Invoker.SendAsync(request, limit);
            lease.Answered();
            return response;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            lease.Failed();
            throw new ServiceCallException($"{service.Service}:{service.Port} at {target.Endpoint} did not answer: {exception.Message}", exception);
        }
        finally
        {
            lease.End();
        }
    }
}
