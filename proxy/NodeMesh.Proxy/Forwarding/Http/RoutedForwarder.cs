using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http.Hedging;
using NodeMesh.Proxy.Forwarding.Http.Services;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// Carries out what a route says of a request.
/// <list type="number">
/// <item>Answer what the mesh answers itself: refusals, of whoever the route has asked too, preflights, redirects.</item>
/// <item>Apply the rule's filters, and send the copies it wants.</item>
/// <item>Try, and try again, as its timeouts and retries say.</item>
/// <item>Answer in the upstream's place if it did not.</item>
/// <item>Account for it, once.</item>
/// </list>
/// </summary>
internal sealed class RoutedForwarder(TimeProvider time, Random random, IUpstreamEngine http1, IUpstreamEngine http2, MirrorSender mirrors, Hedger hedger, ExternalAuthorizer authorizer)
{
    public async Task ForwardAsync(HttpExchange exchange, RouteChoice choice, RequestHead head, TrafficProtocol protocol)
    {
        var connection = exchange.Connection;
        var began = time.GetTimestamp();
        connection.RequestBegins();
        var outcome = default(ExchangeOutcome);
        var last = new LastAttempt(null, TrafficDirection.Outbound);
        try
        {
            // :: Step 1: answer what the mesh answers itself.
            if (choice.Refusal != Reason.None)
            {
                outcome = ExchangeOutcome.Unanswered(choice.Refusal.HttpStatus(), choice.Refusal);
            }
            else if (!head.Target.StartsWith('/'))
            {
                outcome = ExchangeOutcome.Unanswered(400, Reason.ProtocolError);
            }
            else if (choice.Rule!.ExternalAuth is { } filter && !OwnAnswer.IsPreflight(choice, head) && await authorizer.AskAsync(exchange, choice, head, filter) is { } refused)
            {
                outcome = refused;
            }
            else if (OwnAnswer.Write(exchange, choice, head) is { } status)
            {
                outcome = ExchangeOutcome.Answered(status);
            }
            else
            {
                // :: Step 2: apply the rule's filters, and send the copies it wants.
                using var request = new RoutedRequest(exchange, choice, head, time, random);
                connection.UnderWay.Enter(request);
                try
                {
                    mirrors.Send(request, request.Rule.Rule.Filters);

                    // :: Step 3: try, and try again.
                    (outcome, last) = await TryAsync(request);
                }
                finally
                {
                    connection.UnderWay.Leave(request);
                }
                exchange.Routed = null;
            }

            // :: Step 4: answer in the upstream's place if it did not.
            if (!outcome.HasAnswer)
            {
                exchange.Blame(last.Endpoint?.Load.Port, outcome.Reason);
                MeshAnswer.Write(exchange, exchange.IsGrpc, outcome.Status, outcome.Reason);
                outcome = outcome with { Status = exchange.IsGrpc ? 200 : outcome.Status, GrpcStatus = exchange.IsGrpc ? outcome.Reason.GrpcStatus() : null };
            }
        }
        finally
        {
            // :: Step 5: account for it, once.
            connection.RequestEnds();
            connection.RequestSeriesFor(last.Endpoint, last.Direction, protocol, choice.Rule?.Route ?? "")
                .Done(outcome.Status, exchange.IsGrpc ? outcome.GrpcStatus ?? "" : null, outcome.Reason, time.GetElapsedTime(began), exchange.Record?.Trace?.TraceId);
            exchange.Record?.Ended(last.Direction, outcome.Status, exchange.IsGrpc ? outcome.GrpcStatus ?? "" : null, outcome.Reason);
        }
    }

    private async Task<(ExchangeOutcome Outcome, LastAttempt Last)> TryAsync(RoutedRequest request)
    {
        var exchange = request.Exchange;
        var connection = exchange.Connection;
        var last = new LastAttempt(null, TrafficDirection.Outbound);
        while (true)
        {
            ExchangeOutcome outcome;
            var decision = exchange.Begin(connection.Router.Pick(request.Choice, request.Head, last.Endpoint), time);
            while (decision.Full is { } full && await request.WaitForRoomAsync(full))
            {
                decision = exchange.Begin(connection.Router.Pick(request.Choice, request.Head, last.Endpoint), time);
            }
            if (decision.Address is null)
            {
                if (exchange.IsGone)
                {
                    return (exchange.DownstreamGone(), last);
                }
                var refusal = request.IsLate ? Reason.TimeoutRequest : decision.Refusal;
                exchange.Blame(decision.Full, refusal);
                outcome = ExchangeOutcome.Unanswered(refusal.HttpStatus(), refusal);
            }
            else
            {
                var lease = exchange.Lease;
                try
                {
                    if (request.Begin(decision) is { } status)
                    {
                        return (ExchangeOutcome.Answered(status), last);
                    }
                    // An upgrade is HTTP/1.1's own.
                    var engine = decision.IsHttp2 && !exchange.IsUpgrade ? http2 : http1;
                    var target = connection.TargetFor(decision);
                    if (decision.Backend is { Filters.Count: > 0 } backend && request.IsFirst)
                    {
                        mirrors.Send(request, backend.Filters);
                    }
                    exchange.HasFailed = false;
                    outcome = request.End(Hedger.IsFor(exchange, target)
                        ? await hedger.ExchangeAsync(engine, exchange, target, request.Choice, request.Head, decision)
                        : await engine.ExchangeAsync(exchange, target));
                    last = new LastAttempt(decision.Endpoint, target.Direction);
                    if (outcome.BlamesUpstream)
                    {
                        lease.Failed();
                    }
                    if (request.Rule.Rule.Measured && decision.Backend?.Port is { } measured && outcome.Reason != Reason.DownstreamReset)
                    {
                        connection.CountBackend(request.Rule.Rule, measured, exchange.HasFailed || outcome.Reason != Reason.None || Failure.Of(0, outcome.GrpcStatus).IsError, lease.Elapsed);
                    }
                }
                finally
                {
                    lease.End();
                }
            }
            if (outcome.HasAnswer || request.RetryAfter(outcome) is not { } wait)
            {
                return (outcome, last);
            }
            if (!request.TakeFromBudget())
            {
                return (ExchangeOutcome.Unanswered(Reason.RetryBudget.HttpStatus(), Reason.RetryBudget), last);
            }
            if (!await request.WaitAsync(wait))
            {
                return (exchange.IsGone ? exchange.DownstreamGone() : ExchangeOutcome.Unanswered(504, Reason.TimeoutRequest), last);
            }
            connection.CountRetry(request.Rule.Route);
        }
    }

    private readonly record struct LastAttempt(EndpointEntry? Endpoint, TrafficDirection Direction);
}
