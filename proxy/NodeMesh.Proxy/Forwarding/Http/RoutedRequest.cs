using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using NodeMesh.Contract;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>
/// A request under way by a route, with all that is to be known from one attempt to the next. The exchange always shows the request as the
/// attempt at hand wants it sent.
/// </summary>
internal sealed class RoutedRequest : IDisposable, IRequestBodyPipeFeature
{
    // A server that asks for longer is not waited for: the client had better decide.
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly long _began;
    private readonly TimeSpan? _limit;
    private IReadOnlyList<(string Name, string Value)> _corsFields;
    private readonly string _target;
    private readonly Dictionary<string, StringValues>? _headers;
    private ReplayableBody? _body;
    private RequestDecision _decision;
    private CancellationTokenSource? _cut;
    private Reason _cutBy;
    private int _retries;
    private bool _hasWaitedInVain;
    private bool _isDiscarded;
    private PortTraffic? _retryingAt;
    private TimeSpan? _retryAfter;

    public RoutedRequest(HttpExchange exchange, in RouteChoice choice, in RequestHead head, TimeProvider time, Random random)
    {
        (Exchange, Choice, Head, _time, _random) = (exchange, choice, head, time, random);
        Rule = choice.Rule!;
        _began = time.GetTimestamp();
        _limit = Limit(Rule.Rule.Timeouts, head, Rule.Rule.Retry is not null);
        _corsFields = Rule.Cors is { } cors ? CorsPolicy.Response(cors, head) : [];
        exchange.Routed = this;

        HeaderChanges.ApplyToRequest(Rule.Rule.Filters, exchange.Request.Headers);
        Rewrite(Rule.Rule.Filters);
        _target = exchange.Request.RawTarget;
        if (Rule is { HasBackendFilters: true, Rule.Retry: not null })
        {
            _headers = new Dictionary<string, StringValues>(exchange.Request.Headers, StringComparer.OrdinalIgnoreCase);
        }
        if (Rule.Rule.Retry is not null && exchange.HasRequestBody)
        {
            KeepBody(RetryPolicy.MaxBody, null);
        }
    }

    public HttpExchange Exchange { get; }

    public RouteChoice Choice { get; }

    /// <summary>As the downstream sent it.</summary>
    public RequestHead Head { get; }

    public RouteRuleEntry Rule { get; }

    /// <summary>Ends the attempt at hand before its time: the downstream is gone, or has waited for too long.</summary>
    public CancellationToken Ends => _cut?.Token ?? Exchange.Gone;

    public bool IsFirst => _retries == 0;

    /// <summary>Ends at some time whether or not the downstream goes.</summary>
    public bool HasLimit => _cut is not null;

    PipeReader IRequestBodyPipeFeature.Reader => _body!;

    /// <summary>The body is kept as it passes.</summary>
    /// <param name="whole">Is given all of it, unless it is longer.</param>
    public void KeepBody(int bound, Action<ReadOnlyMemory<byte>>? whole)
    {
        _body = new ReplayableBody(_body ?? Exchange.Feature<IRequestBodyPipeFeature>()!.Reader, bound, whole);
        Exchange.Features.Set<IRequestBodyPipeFeature>(this);
    }

    /// <summary>Makes the request ready for this backend.</summary>
    /// <returns>The status, when the backend's filters have the mesh answer; else null.</returns>
    public int? Begin(in RequestDecision decision)
    {
        _decision = decision;
        _isDiscarded = false;
        _retryAfter = null;
        var request = Exchange.Request;
        if (_retries > 0)
        {
            request.RawTarget = _target;
            RestoreHeaders();
            _body?.Rewind();
        }
        if (decision.Backend is { Filters.Count: > 0 } backend)
        {
            if (backend.Filters.FirstOrDefault(filter => filter.Redirect is not null) is { } redirect)
            {
                return OwnAnswer.Redirect(Exchange, redirect.Redirect, backend.Filters, Choice, Head);
            }
            if (backend.Filters.FirstOrDefault(filter => filter.Cors is not null)?.Cors is { } cors)
            {
                if (CorsPolicy.IsPreflight(Head))
                {
                    return OwnAnswer.Preflight(Exchange, cors, backend.Filters, Head);
                }
                _corsFields = CorsPolicy.Response(cors, Head);
            }
            HeaderChanges.ApplyToRequest(backend.Filters, request.Headers);
            Rewrite(backend.Filters);
        }
        StartClock();
        return null;
    }

    /// <summary>Sees the head of a response before the downstream does.</summary>
    /// <returns>False: it shall never see it, since the request will be sent again.</returns>
    public bool TakesHead()
    {
        var response = Exchange.Response;
        _retryAfter = RetryAfterOf(response.Headers.RetryAfter);
        if (MayRetry(response.StatusCode, Reason.None) && TryBeginRetry())
        {
            _isDiscarded = true;
            response.Headers.Clear();
            response.StatusCode = 200;
            response.ReasonPhrase = null;
            return false;
        }
        if (response.StatusCode == 101)
        {
            _cut?.CancelAfter(Timeout.InfiniteTimeSpan); // a tunnel stands as long as its ends want it to
        }
        foreach (var (name, value) in _corsFields)
        {
            response.Headers[name] = name == "Vary" && response.Headers.Vary.Count > 0 ? $"{response.Headers.Vary}, {value}" : value;
        }
        if (_decision.Backend is { } backend)
        {
            HeaderChanges.ApplyToResponse(backend.Filters, response.Headers);
        }
        HeaderChanges.ApplyToResponse(Rule.Rule.Filters, response.Headers);
        BeginSession();
        return true;
    }

    /// <summary>The attempt is over; says whether it ended for lack of time.</summary>
    public ExchangeOutcome End(ExchangeOutcome outcome)
    {
        var isCut = _cut is { IsCancellationRequested: true } && !Exchange.IsGone && outcome.Reason != Reason.None;
        _cut?.Dispose();
        _cut = null;
        if (!isCut)
        {
            return outcome;
        }
        // A timer may ring so late that the time for the whole request is over too.
        var reason = Remaining() is { Ticks: <= 0 } ? Reason.TimeoutRequest : _cutBy;
        return outcome.HasAnswer ? outcome with { Reason = reason } : ExchangeOutcome.Unanswered(504, reason);
    }

    /// <summary>How long to wait before the next attempt; null: there is none.</summary>
    public TimeSpan? RetryAfter(ExchangeOutcome outcome)
    {
        if (!_isDiscarded && !(MayRetry(outcome.Status, outcome.Reason) && TryBeginRetry()))
        {
            return null;
        }
        _retries++;
        return RetryPolicy.Wait(Rule.Rule.Retry!, _retries, _retryAfter, _random);
    }

    /// <returns>False: there is no time left, or nobody who waits.</returns>
    public async ValueTask<bool> WaitAsync(TimeSpan wait)
    {
        var isInTime = Remaining() is not { } remaining || wait < remaining;
        try
        {
            await Task.Delay(isInTime ? wait : Remaining()!.Value > TimeSpan.Zero ? Remaining()!.Value : TimeSpan.Zero, _time, Exchange.Gone);
            return isInTime;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Waits until there may be room; false: it may not wait, or no longer.</summary>
    public async ValueTask<bool> WaitForRoomAsync(PortTraffic full)
    {
        if (Remaining() is not { } remaining)
        {
            return await full.Pending.WaitAsync(Exchange.Gone);
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Exchange.Gone);
        limit.CancelAfter(remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero);
        var hasRoom = await full.Pending.WaitAsync(limit.Token);
        _hasWaitedInVain = !hasRoom && limit.IsCancellationRequested;
        return hasRoom;
    }

    /// <summary>No time is left: not told from the clock alone, since a timer may ring up to a millisecond early.</summary>
    public bool IsLate => _hasWaitedInVain || Remaining() is { Ticks: <= 0 };

    /// <summary>Whether the Service it failed at bears one more retry.</summary>
    public bool TakeFromBudget()
    {
        if (_decision.Endpoint?.Load.Port?.Budget is not { } budget || budget.TryRetry(_time.GetTimestamp()))
        {
            return true;
        }
        Exchange.Connection.CountRefusedRetry(Rule.Route, "retry_budget");
        return false;
    }

    public void Dispose()
    {
        _cut?.Dispose();
        _retryingAt?.EndRetry();
    }

    // One place is had from the first retry to the end of the request.
    private bool TryBeginRetry()
    {
        if (_retryingAt is not null || _decision.Endpoint?.Load.Port is not { } port)
        {
            return true;
        }
        if (!port.TryBeginRetry())
        {
            Exchange.Connection.CountRefusedRetry(Rule.Route, "max_retries");
            return false;
        }
        _retryingAt = port;
        return true;
    }

    private bool MayRetry(int status, Reason reason) =>
        Rule.Rule.Retry is { } retry && _retries < retry.Attempts && (_body?.CanReplay ?? true) && Remaining() is not { Ticks: <= 0 }
        && (_retryAfter is not { } after || after <= LongestRetryAfter)
        && RetryPolicy.MayRetry(retry, Head.Method, Choice.Match!.NamesMethod, status, reason);

    private TimeSpan? Remaining() => _limit - _time.GetElapsedTime(_began);

    private void StartClock()
    {
        TimeSpan? limit = Rule.Rule.Timeouts is { BackendRequestMilliseconds: > 0 and var milliseconds } ? TimeSpan.FromMilliseconds(milliseconds) : null;
        // Not told from the time that is left in the end: a timer may ring up to a millisecond early.
        _cutBy = Reason.TimeoutBackend;
        if (Remaining() is { } remaining && (limit is null || remaining < limit))
        {
            limit = remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
            _cutBy = Reason.TimeoutRequest;
        }
        if (limit is null)
        {
            return;
        }
        _cut = CancellationTokenSource.CreateLinkedTokenSource(Exchange.Gone);
        _cut.CancelAfter(limit.Value);
    }

    private void RestoreHeaders()
    {
        if (_headers is null)
        {
            return;
        }
        var headers = Exchange.Request.Headers;
        headers.Clear();
        foreach (var (name, values) in _headers)
        {
            headers[name] = values;
        }
    }

    private void Rewrite(IReadOnlyList<RouteFilter> filters)
    {
        foreach (var filter in filters)
        {
            if (filter.UrlRewrite is not { } rewrite)
            {
                continue;
            }
            if (rewrite.Hostname.Length > 0)
            {
                Exchange.Request.Headers.Host = rewrite.Hostname;
            }
            Exchange.Request.RawTarget = PathRewrite.Apply(rewrite.Path, Exchange.Request.RawTarget, Choice.Match!.PrefixLength);
        }
    }

    private void BeginSession()
    {
        if (_decision.Endpoint is not { } endpoint || (Rule.Rule.SessionPersistence ?? endpoint.Load.Port?.Session) is not { } session
            || SessionToken.Begin(session, endpoint, Head, _time.GetUtcNow()) is not { } field)
        {
            return;
        }
        var headers = Exchange.Response.Headers;
        headers[field.Name] = field.IsBeside ? StringValues.Concat(headers[field.Name], field.Value) : field.Value;
    }

    private static TimeSpan? Limit(RouteTimeouts? timeouts, in RequestHead head, bool retries)
    {
        TimeSpan? limit = timeouts is { RequestMilliseconds: > 0 and var milliseconds } ? TimeSpan.FromMilliseconds(milliseconds) : null;
        // The caller gives up then: what is done for it afterwards is in vain.
        if (head.IsGrpc && (timeouts is not null || retries) && GrpcTimeout.Parse(head.Field("grpc-timeout")) is { } wanted && (limit is null || wanted < limit))
        {
            limit = wanted;
        }
        return limit;
    }

    private TimeSpan? RetryAfterOf(StringValues value)
    {
        var text = value.ToString();
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return TimeSpan.FromSeconds(seconds);
        }
        return text.Length > 0 && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var at) ? at - _time.GetUtcNow() : null;
    }
}
