using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http.Hedging;

/// <summary>
/// Sends a request whose answer is late to a second endpoint, where a TrafficPolicy asks for it, and takes the first answer.
/// <list type="number">
/// <item>Send it, and wait for the head of its answer as long as the policy says.</item>
/// <item>Send it to another endpoint as well, if there is one and not too many are.</item>
/// <item>The first to answer wins: the head of the first attempt, which then goes on as ever, or the whole answer of the second.</item>
/// </list>
/// Only what changes nothing is sent twice: safe methods, without a body, and no upgrade.
/// </summary>
internal sealed class Hedger(TimeProvider time, ProxyMetrics metrics)
{
    /// <summary>Cheap where no policy asks for it. Where sessions stay at their endpoint, no other is asked.</summary>
    public static bool IsFor(HttpExchange exchange, UpstreamTarget target) =>
        target.Traffic is { Hedges: not null, Session: null } && exchange.Routed?.Rule.Rule.SessionPersistence is null && exchange.Request.Method is "GET" or "HEAD" or "OPTIONS" && !exchange.HasRequestBody && !exchange.IsUpgrade;

    public async ValueTask<ExchangeOutcome> ExchangeAsync(IUpstreamEngine engine, HttpExchange exchange, UpstreamTarget target, RouteChoice choice, RequestHead head, RequestDecision decision)
    {
        if (target.Traffic is not { Hedges: { } hedges, Rules.Hedging: { } rules })
        {
            return await engine.ExchangeAsync(exchange, target);
        }
        hedges.Attempted(time.GetTimestamp());
        using var race = new HedgeRace(exchange.Ends);
        exchange.Race = race;
        try
        {
            // :: Step 1: wait for the head of its answer.
            var first = engine.ExchangeAsync(exchange, target).AsTask();
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(race.Ends);
            await Task.WhenAny(first, race.Won, Task.Delay(TimeSpan.FromMilliseconds(rules.DelayMilliseconds), time, waiting.Token));
            await waiting.CancelAsync();
            if (first.IsCompleted || race.Won.IsCompleted || exchange.IsGone)
            {
                return await first;
            }

            // :: Step 2: send it to another endpoint as well.
            if (Other(exchange, choice, head, decision) is not { } other)
            {
                return await first;
            }
            if (!hedges.TryRetry(time.GetTimestamp()))
            {
                metrics.Hedged(Service(choice, decision), "refused");
                return await first;
            }
            return await RaceAsync(engine, exchange, race, first, other, Service(choice, decision));
        }
        finally
        {
            exchange.Race = null;
        }
    }

    // :: Step 3: the first to answer wins.
    private async Task<ExchangeOutcome> RaceAsync(IUpstreamEngine engine, HttpExchange exchange, HedgeRace race, Task<ExchangeOutcome> first, RequestDecision other, string service)
    {
        using var hedge = new HedgeAttempt(exchange, other, engine, time);
        var second = hedge.RunAsync();
        await Task.WhenAny(first, race.Won, second);
        if (first.IsCompletedSuccessfully && first.Result is { HasAnswer: false, Status: >= 500 })
        {
            await second; // the first has failed, and this one is under way
        }
        if (second.IsCompletedSuccessfully && second.Result && race.TryWin())
        {
            race.EndFirst();
            var lost = await first;
            metrics.Hedged(service, "won");
            return lost.HasAnswer ? lost : await hedge.AnswerAsync();
        }
        if (!race.Won.IsCompleted && !first.IsCompleted)
        {
            return await first; // the second has failed
        }
        hedge.End();
        metrics.Hedged(service, "lost");
        await second;
        return await first;
    }

    private static string Service(in RouteChoice choice, in RequestDecision decision) => decision.Backend?.Port.Service ?? choice.Port?.Service ?? "";

    // Of the same backend, whose filters have been applied.
    private static RequestDecision? Other(HttpExchange exchange, RouteChoice choice, RequestHead head, RequestDecision decision)
    {
        var other = exchange.Connection.Router.Pick(choice, head, decision.Endpoint);
        return ReferenceEquals(other.Backend, decision.Backend) && other.Endpoint is { } endpoint && !endpoint.Address.Equals(decision.Endpoint?.Address) ? other : null;
    }
}
