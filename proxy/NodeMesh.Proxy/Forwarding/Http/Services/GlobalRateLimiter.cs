using System.Globalization;
using Microsoft.Extensions.Logging;
using NodeMesh.Contract.External;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http.Services;

/// <summary>Asks a rate limit service (Envoy's protocol) whether a request is over a limit. When it can't be asked, the request passes or not as the policy says.</summary>
internal sealed partial class GlobalRateLimiter(ServiceCaller caller, PolicyMetrics metrics, ILogger<GlobalRateLimiter> logger)
{
    private const string Path = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

    /// <returns>null: it may go on; else it has been answered.</returns>
    public async ValueTask<ExchangeOutcome?> AskAsync(HttpExchange exchange, RouteChoice choice, GlobalLimit limits, RateLimitRequest question)
    {
        var rules = limits.Rules;
        var time = TimeSpan.FromMilliseconds(rules.TimeoutMilliseconds);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(exchange.Gone);
        limit.CancelAfter(time);
        RateLimitResponse answer;
        try
        {
            using var request = GrpcUnary.Request(question, rules.Service.Service, time);
            using var response = await caller.SendAsync(exchange, choice, rules.Service, request, Path, limit.Token);
            answer = await GrpcUnary.ReadAsync(response, RateLimitResponse.Parser, limit.Token);
            if (answer.OverallCode == RateLimitResponse.Types.Code.Unknown)
            {
                throw new ServiceCallException("the answer is neither yes nor no");
            }
        }
        catch (Exception) when (exchange.IsGone)
        {
            return exchange.DownstreamGone();
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            metrics.Unanswered(rules.Service.Service, "rate_limit");
            LogFailed(logger, rules.Service.Service, rules.FailClosed ? "are refused" : "pass", exception.Message);
            return rules.FailClosed ? MeshAnswer.Refuse(exchange, Reason.RateLimitUnavailable) : null;
        }
        if (answer.OverallCode == RateLimitResponse.Types.Code.OverLimit)
        {
            return Refuse(exchange, rules.Domain, answer);
        }
        foreach (var header in answer.RequestHeadersToAdd)
        {
            exchange.Request.Headers[header.Key] = header.Value;
        }
        if (answer.ResponseHeadersToAdd.Count > 0)
        {
            exchange.AddedFields = [.. exchange.AddedFields ?? [], .. answer.ResponseHeadersToAdd.Select(header => (header.Key, header.Value, false))];
        }
        return null;
    }

    private static ExchangeOutcome Refuse(HttpExchange exchange, string domain, RateLimitResponse answer)
    {
        var outcome = MeshAnswer.Refuse(exchange, Reason.RateLimited);
        var fields = exchange.Response.Headers;
        foreach (var header in answer.ResponseHeadersToAdd)
        {
            fields[header.Key] = header.Value;
        }
        var over = answer.Statuses.Where(status => status.Code == RateLimitResponse.Types.Code.OverLimit).Select(status =>
        {
            var current = status.CurrentLimit ?? new RateLimitResponse.Types.RateLimit();
            var window = Seconds(current.Unit);
            var wait = status.DurationUntilReset is { } reset ? TimeSpan.FromSeconds(reset.Seconds).Add(TimeSpan.FromTicks(reset.Nanos / 100)) : TimeSpan.FromSeconds(window);
            return new RateLimitRefusal("", current.Name.Length > 0 ? current.Name : domain, current.RequestsPerUnit, TimeSpan.FromSeconds(window), wait);
        }).ToList();
        // It has to wait for all of them.
        var longest = over.MaxBy(refusal => refusal.Wait) ?? new RateLimitRefusal("", domain, 0, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        fields.RetryAfter = longest.WaitSeconds.ToString(CultureInfo.InvariantCulture);
        fields["ratelimit"] = longest.Field;
        if (longest.Requests > 0)
        {
            fields["ratelimit-policy"] = longest.PolicyField;
        }
        return outcome;
    }

    private static double Seconds(RateLimitResponse.Types.RateLimit.Types.Unit unit) => unit switch
    {
        RateLimitResponse.Types.RateLimit.Types.Unit.Minute => 60,
        RateLimitResponse.Types.RateLimit.Types.Unit.Hour => 3_600,
        RateLimitResponse.Types.RateLimit.Types.Unit.Day => 86_400,
        RateLimitResponse.Types.RateLimit.Types.Unit.Month => 30 * 86_400,
        RateLimitResponse.Types.RateLimit.Types.Unit.Year => 365 * 86_400,
        _ => 1,
    };

    [LoggerMessage(EventName = "RateLimitServiceFailed", Level = LogLevel.Debug, Message = "{Service} could not be asked, and requests {Pass}: {Error}")]
    private static partial void LogFailed(ILogger logger, string service, string pass, string error);
}
