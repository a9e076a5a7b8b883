using Microsoft.AspNetCore.Http.Features;
using NodeMesh.Proxy.Balancing;
using NodeMesh.Proxy.Telemetry;

namespace NodeMesh.Proxy.Forwarding.Http;

/// <summary>One request and its response on the downstream side. Kestrel keeps it with the connection (HTTP/1) or the stream (HTTP/2) and uses it again.</summary>
internal sealed class HttpExchange(IFeatureCollection features, HttpConnection connection)
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

    public EndpointLease Lease { get; set; }

    public T? Feature<T>() => features.Get<T>();

    /// <summary>The head of the response stands in <see cref="Response"/> as the upstream sent it, whichever engine brought it; nothing has been sent yet.</summary>
    public void HeadHasCome()
    {
        Lease.Answered();
        if (connection.IsClosing && Response.StatusCode != 101)
        {
            Response.Headers.Connection = "close";
        }
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
