using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Forwarding.Http.Hedging;
using NodeMesh.Proxy.Resilience;
using NodeMesh.Proxy.Routing;
using NodeMesh.Proxy.Telemetry;
using NodeMesh.Proxy.Telemetry.Tracing;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>One request and its response on the downstream side. Kestrel keeps it with the connection (HTTP/1) or the stream (HTTP/2) and uses it again.</summary>
internal sealed class HttpExchange(IFeatureCollection features, HttpConnection connection) : IRequestFields
{
    private const int Http2Cancel = 8;
    private const int Http2InternalError = 2;

    public HttpConnection Connection => connection;

    public IFeatureCollection Features => features;

    public IHttpRequestFeature Request => features.GetRequiredFeature<IHttpRequestFeature>();

    public IHttpResponseFeature Response => features.GetRequiredFeature<IHttpResponseFeature>();

    public IHttpResponseBodyFeature ResponseBody => features.GetRequiredFeature<IHttpResponseBodyFeature>();

    public CancellationToken Aborted => features.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;

    public bool HasRequestBody => features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody;

    public bool IsGrpc { get; set; }

    /// <summary>It asks for another protocol on its connection, which is HTTP/1.1's own.</summary>
    public bool IsUpgrade => Feature<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };

    /// <summary>What a route has to do with it; null: nothing.</summary>
    public RoutedRequest? Routed { get; set; }

    /// <summary>Of a copy, which nobody waits for: when it is given up. Else none.</summary>
    public CancellationToken CopyLimit { get; init; }

    /// <summary>Cancelled when the downstream is gone.</summary>
    public CancellationToken Gone => CopyLimit.CanBeCanceled ? CopyLimit : connection.Http2 ? Aborted : connection.Gone;

    public bool IsGone => Gone.IsCancellationRequested;

    /// <summary>Ends the attempt at hand before its time: the downstream is gone, or time is up.</summary>
    public CancellationToken Ends => Idle?.Ends ?? Race?.Ends ?? Routed?.Ends ?? Gone;

    /// <summary>It may be over before the downstream's connection is: time may be up, or its stream reset.</summary>
    public bool HasLimit => connection.Http2 || Idle is not null || Race is not null || Routed is { HasLimit: true } || CopyLimit.CanBeCanceled;

    /// <summary>Another attempt may answer first; null: there is none.</summary>
    public HedgeRace? Race { get; set; }

    /// <summary>Ends the attempt at hand when nothing passes; null: it may stand still as long as it likes.</summary>
    public IdleWatch? Idle { get; set; }

    public EndpointLease Lease { get; set; }

    /// <summary>What is kept of it for those who want to know; null: nobody does.</summary>
    public TrafficRecord? Record { get; set; }

    /// <summary>The trace it is part of, sampled or not; null: the mesh has no part in any.</summary>
    public TraceContext? Trace { get; set; }

    /// <summary>What who was asked about the request wants in the response: beside what is there, or in its place. null: nothing.</summary>
    public IReadOnlyList<(string Name, string Value, bool IsBeside)>? AddedFields { get; set; }

    /// <summary>The head of the attempt at hand says that the upstream failed.</summary>
    public bool HasFailed { get; set; }

    /// <summary>Takes its place at the endpoint it goes to, as <see cref="Lease"/>; refused, if there is none left.</summary>
    public RequestDecision Begin(in RequestDecision decision, TimeProvider time)
    {
        if (decision.Address is null)
        {
            return decision;
        }
        if (!EndpointLease.TryBegin(decision.Endpoint?.Load, time, isRequest: true, holdsConnection: !decision.IsHttp2 || IsUpgrade, out var lease))
        {
            return RequestDecision.Refuse(decision.Endpoint!.Load.Port!);
        }
        Lease = lease;
        return decision;
    }

    public T? Feature<T>() => features.Get<T>();

    /// <summary>The head of the response stands in <see cref="Response"/> as the upstream sent it, whichever engine brought it; nothing has been sent yet.</summary>
    /// <returns>False: the downstream shall not see it, and another attempt will be made.</returns>
    public bool HeadHasCome()
    {
        Lease.Answered();
        var (isError, isGateway) = Failure.Of(Response.StatusCode, IsGrpc ? Find(Response.Headers, GrpcAnswer.StatusHeader) : null);
        Lease.Judged(isError, isGateway);
        if (Race is not null && !Race.TryWin())
        {
            Response.Headers.Clear();
            return false;
        }
        HasFailed = isError;
        return IsTaken();
    }

    /// <summary>The response whose head stands in <see cref="Response"/> is to be the downstream's.</summary>
    /// <returns>False: the downstream shall not see it, and another attempt will be made.</returns>
    public bool IsTaken()
    {
        if (Routed is not null && !Routed.TakesHead())
        {
            return false;
        }
        if (AddedFields is { } added)
        {
            foreach (var (name, value, isBeside) in added)
            {
                Response.Headers[name] = isBeside ? StringValues.Concat(Response.Headers[name], value) : value;
            }
        }
        if (connection.IsClosing && Response.StatusCode != 101)
        {
            Response.Headers.Connection = "close";
        }
        Record?.HeadCame(name => Find(Response.Headers, name));
        return true;
    }

    /// <summary>The mesh answers for the upstream: says which policy of the Service port is why, if one is.</summary>
    public void Blame(PortTraffic? port, Reason reason)
    {
        var (kind, policy) = reason switch
        {
            Reason.CircuitOpen => ("TrafficPolicy", port?.Rules?.Policy),
            Reason.RetryBudget => ("XBackendTrafficPolicy", port?.BackendPolicy),
            Reason.UpstreamTls => ("BackendTLSPolicy", port?.Tls?.Rules.Policy),
            _ => ("", null),
        };
        if (!string.IsNullOrEmpty(policy))
        {
            Record?.DecidedBy(kind, policy);
        }
    }

    public string? Find(string name) => Find(Request.Headers, name);

    private static string? Find(IHeaderDictionary fields, string name)
    {
        var values = fields[name];
        return values.Count == 0 ? null : values.ToString();
    }

    /// <summary>The response broke off: so must the downstream's, lest it take a part for the whole.</summary>
    public ExchangeOutcome BreakOff(Reason reason, int? http2Error = null)
    {
        connection.BecauseOf(connection.Http2 ? Reason.None : reason);
        Abort(http2Error ?? Http2InternalError);
        return ExchangeOutcome.BrokenOff(reason);
    }

    public ExchangeOutcome DownstreamGone() => BreakOff(Reason.DownstreamReset, Http2Cancel);

    /// <param name="http2Error">The error code of the stream reset, for HTTP/2.</param>
    private void Abort(int http2Error)
    {
        if (Feature<IHttpResetFeature>() is { } reset)
        {
            reset.Reset(http2Error);
        }
        else
        {
            features.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();
        }
    }
}
