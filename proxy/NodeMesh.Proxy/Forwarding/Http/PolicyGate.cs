using System.Globalization;
using NodeMesh.Contract;
using NodeMesh.Proxy.Discovery;
using NodeMesh.Proxy.Forwarding.Http.Services;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Security;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// What policies have to say of a request before it goes anywhere: who may not go by its route is sent back before it uses up a limit that others
/// share; then limits, since what is over them should cost nothing; then faults.
/// Asked on the side of the client, where Service and route are known.
/// </summary>
internal sealed class PolicyGate(TimeProvider time, Random random, Authorizer authorizer, GlobalRateLimiter global, PolicyMetrics metrics)
{
    /// <summary>Cheap where there are no policies.</summary>
    public static bool Concerns(in RouteChoice choice, out EffectivePolicies policies)
    {
        policies = choice.Port is null ? EffectivePolicies.None : choice.Snapshot.PoliciesOf.For(choice.Port, choice.Rule);
        return policies.RateLimit is not null || policies.Fault is not null || policies.Access is not null;
    }

    /// <returns>null: it may go on; else it has been answered.</returns>
    public async ValueTask<ExchangeOutcome?> AskAsync(HttpExchange exchange, EffectivePolicies policies, RouteChoice choice, RequestHead head)
    {
        var downstream = exchange.Connection.Downstream;
        if (policies.Access is { } rules && !authorizer.AllowsRequest(choice.Snapshot, rules, downstream.Client.Address, downstream.OriginalDestination, head, exchange.Record))
        {
            return Answer(exchange, Reason.Denied.HttpStatus(), Reason.Denied, null);
        }
        if (policies.RateLimit is { } limiter)
        {
            var client = new RateLimitClient(downstream.Route.Source, downstream.Client.Address);
            if (limiter.Take(client, head, time.GetTimestamp()) is { } refusal)
            {
                exchange.Record?.DecidedBy("RateLimitPolicy", limiter.Policy);
                metrics.RateLimited(refusal.Policy, refusal.Limit);
                return Refuse(exchange, refusal);
            }
            if (limiter.Global is { } shared && shared.RequestFor(client, head) is { } question && await global.AskAsync(exchange, choice, shared, question) is { } outcome)
            {
                exchange.Record?.DecidedBy("RateLimitPolicy", limiter.Policy);
                return outcome;
            }
        }
        if (policies.Fault is not { } injector || injector.For(head, random) is not { } fault)
        {
            return null;
        }
        if (fault.DelayMilliseconds > 0)
        {
            metrics.FaultInjected(injector.Policy, "delay");
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(fault.DelayMilliseconds), time, exchange.Gone);
            }
            catch (OperationCanceledException)
            {
                return exchange.DownstreamGone();
            }
        }
        if (fault.AbortCase != FaultRule.AbortOneofCase.None)
        {
            exchange.Record?.DecidedBy("FaultPolicy", injector.Policy);
            metrics.FaultInjected(injector.Policy, fault.AbortCase == FaultRule.AbortOneofCase.Reset ? "reset" : "abort");
        }
        return Abort(exchange, fault);
    }

    private static ExchangeOutcome Refuse(HttpExchange exchange, RateLimitRefusal refusal)
    {
        var outcome = Answer(exchange, Reason.RateLimited.HttpStatus(), Reason.RateLimited, null);
        var fields = exchange.Response.Headers;
        fields.RetryAfter = refusal.WaitSeconds.ToString(CultureInfo.InvariantCulture);
        fields["ratelimit-policy"] = refusal.PolicyField;
        fields["ratelimit"] = refusal.Field;
        return outcome;
    }

    private static ExchangeOutcome? Abort(HttpExchange exchange, FaultRule fault) => fault.AbortCase switch
    {
        FaultRule.AbortOneofCase.HttpStatus => Answer(exchange, (int)fault.HttpStatus, Reason.FaultInjected, null),
        FaultRule.AbortOneofCase.GrpcStatus => Answer(exchange, Reason.FaultInjected.HttpStatus(), Reason.FaultInjected, fault.GrpcStatus.ToString(CultureInfo.InvariantCulture)),
        FaultRule.AbortOneofCase.Reset => exchange.BreakOff(Reason.FaultInjected),
        _ => null,
    };

    private static ExchangeOutcome Answer(HttpExchange exchange, int status, Reason reason, string? grpcStatus)
    {
        MeshAnswer.Write(exchange, exchange.IsGrpc, status, reason);
        if (!exchange.IsGrpc)
        {
            return new ExchangeOutcome(status, null, reason, HasAnswer: true);
        }
        grpcStatus ??= reason.GrpcStatus();
        exchange.Response.Headers[GrpcAnswer.StatusHeader] = grpcStatus;
        return new ExchangeOutcome(200, grpcStatus, reason, HasAnswer: true);
    }
}
