using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http.Hedging;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Takes one request from the downstream to an upstream and its response back.
/// <list type="number">
/// <item>Decide where it goes, if limits and faults let it go anywhere.</item>
/// <item>Have it carried there, and the response back, over the downstream's version of HTTP.</item>
/// <item>Answer in the upstream's place if it did not.</item>
/// <item>Account for it.</item>
/// </list>
/// What is decided is applied here, to the exchange, whichever engine carries it. Requests that a route has to do with are <see cref="RoutedForwarder"/>'s.
/// </summary>
internal sealed class HttpForwarder(TimeProvider time, IUpstreamEngine http1, IUpstreamEngine http2, RoutedForwarder routed, PolicyGate gate, Hedger hedger, TrafficObserver observer)
{
    public async Task ForwardAsync(HttpExchange exchange)
    {
        var connection = exchange.Connection;
        var request = exchange.Request;
        var isGrpc = exchange.IsGrpc = connection.Http2 && GrpcAnswer.IsGrpc(request.Headers.ContentType);
        var protocol = isGrpc ? TrafficProtocol.Grpc : connection.Http2 ? TrafficProtocol.Http2 : TrafficProtocol.Http1;

        connection.Downstream.Pod.Usage.Requested(protocol);

        // :: Step 1: decide where it goes, if limits and faults let it go anywhere.
        exchange.Routed = null;
        exchange.AddedFields = null;
        var head = new RequestHead(request.Method, request.RawTarget, request.Headers.Host.ToString(), isGrpc, exchange);
        var choice = connection.Router.Route(head);
        exchange.Record = observer.RequestBegins(choice, connection.Downstream, protocol, head, out var trace);
        exchange.Trace = trace;
        if (exchange.Record is not null)
        {
            CountedBodies.Of(exchange.Features, exchange.Record);
        }
        if (PolicyGate.Concerns(choice, out var policies) && await StopAsync(exchange, policies, choice, head, protocol))
        {
            return;
        }
        if (choice.Match is not null || choice.Refusal != Reason.None)
        {
            await routed.ForwardAsync(exchange, choice, head, protocol);
            return;
        }
        var decision = exchange.Begin(connection.Router.Pick(choice, head), time);
        if (decision.Full is { Rules.MaxPendingRequests: > 0 })
        {
            decision = await WaitAsync(exchange, choice, head, decision);
        }
        if (decision.Address is null && exchange.IsGone)
        {
            var gone = exchange.DownstreamGone();
            connection.RequestSeriesFor(null, TrafficDirection.Outbound, protocol).Done(gone.Status, isGrpc ? "" : null, gone.Reason, TimeSpan.Zero);
            exchange.Record?.Ended(TrafficDirection.Outbound, gone.Status, isGrpc ? "" : null, gone.Reason);
            return;
        }
        if (decision.Address is null)
        {
            exchange.Blame(decision.Full, decision.Refusal);
            MeshAnswer.Write(exchange, isGrpc, 503, decision.Refusal);
            connection.RequestSeriesFor(null, TrafficDirection.Outbound, protocol).Done(isGrpc ? 200 : 503, isGrpc ? GrpcStatusCode.Unavailable : null, decision.Refusal, TimeSpan.Zero);
            exchange.Record?.Ended(TrafficDirection.Outbound, isGrpc ? 200 : 503, isGrpc ? GrpcStatusCode.Unavailable : null, decision.Refusal);
            return;
        }

        if (decision.Endpoint is { Load.Port.Session: { } session } endpoint && SessionToken.Begin(session, endpoint, head, time.GetUtcNow()) is { } field)
        {
            exchange.AddedFields = [.. exchange.AddedFields ?? [], field];
        }
        var target = connection.TargetFor(decision);
        var lease = exchange.Lease;
        connection.RequestBegins();
        var outcome = default(ExchangeOutcome);
        try
        {
            // :: Step 2: have it carried there.
            // "*", an absolute URI or an authority is meant for a forward proxy, or for the server as a whole. Detection passes connections
            // that begin with one on as bytes; this one began otherwise.
            var engine = decision.IsHttp2 && !exchange.IsUpgrade ? http2 : http1;
            outcome = !request.RawTarget.StartsWith('/') ? ExchangeOutcome.Unanswered(400, Reason.ProtocolError)
                : Hedger.IsFor(exchange, target) ? await hedger.ExchangeAsync(engine, exchange, target, choice, head, decision)
                : await engine.ExchangeAsync(exchange, target);

            // :: Step 3: answer in the upstream's place if it did not.
            if (!outcome.HasAnswer)
            {
                if (outcome.BlamesUpstream)
                {
                    lease.Failed();
                }
                exchange.Blame(decision.Endpoint?.Load.Port, outcome.Reason);
                MeshAnswer.Write(exchange, isGrpc, outcome.Status, outcome.Reason);
                outcome = outcome with { Status = isGrpc ? 200 : outcome.Status, GrpcStatus = isGrpc ? outcome.Reason.GrpcStatus() : null };
            }
        }
        finally
        {
            // :: Step 4: account for it.
            lease.End();
            connection.RequestEnds();
            connection.RequestSeriesFor(decision.Endpoint, target.Direction, protocol).Done(outcome.Status, isGrpc ? outcome.GrpcStatus ?? "" : null, outcome.Reason, lease.Elapsed, exchange.Record?.Trace?.TraceId);
            exchange.Record?.Ended(target.Direction, outcome.Status, isGrpc ? outcome.GrpcStatus ?? "" : null, outcome.Reason);
        }
    }

    // Until there is room for it, as long as it may wait.
    private async ValueTask<RequestDecision> WaitAsync(HttpExchange exchange, RouteChoice choice, RequestHead head, RequestDecision decision)
    {
        exchange.Connection.RequestBegins();
        while (decision.Full is { } full && await full.Pending.WaitAsync(exchange.Gone))
        {
            decision = exchange.Begin(exchange.Connection.Router.Pick(choice, head), time);
        }
        exchange.Connection.RequestEnds();
        return decision;
    }

    private async ValueTask<bool> StopAsync(HttpExchange exchange, EffectivePolicies policies, RouteChoice choice, RequestHead head, TrafficProtocol protocol)
    {
        var began = time.GetTimestamp();
        exchange.Connection.RequestBegins();
        var outcome = await gate.AskAsync(exchange, policies, choice, head);
        exchange.Connection.RequestEnds();
        if (outcome is not { } stopped)
        {
            return false;
        }
        exchange.Connection.RequestSeriesFor(null, TrafficDirection.Outbound, protocol, choice.Rule?.Route ?? "")
            .Done(stopped.Status, exchange.IsGrpc ? stopped.GrpcStatus ?? "" : null, stopped.Reason, time.GetElapsedTime(began));
        exchange.Record?.Ended(TrafficDirection.Outbound, stopped.Status, exchange.IsGrpc ? stopped.GrpcStatus ?? "" : null, stopped.Reason);
        return true;
    }
}
